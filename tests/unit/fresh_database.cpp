#include "tests/fresh_database.hpp"
#include "tests/scratch.hpp"

struct fresh_database::state {
  scratch_folder folder;
};

fresh_database::fresh_database()
    : state_(std::make_unique<state>()), place_(state_->folder.file("fresh.db")) {}
fresh_database::~fresh_database() = default;
