#include "modes/command.hpp"

int main(int argc, char** argv) { return interswarm::run_command_line(argc, argv); }
