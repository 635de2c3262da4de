#pragma once

#include <cstdint>

/// Opcodes between clients, with eMule's names (opcodes.h). The same number means different things
/// under different protocol bytes, hence one namespace each.
namespace interswarm::ed2k {

/// Under E3, TCP.
namespace opcode {
constexpr std::uint8_t hello = 0x01, sending_part = 0x46, request_parts = 0x47,
                       file_req_ans_no_file = 0x48, end_of_download = 0x49, ask_shared_files = 0x4A,
                       ask_shared_files_answer = 0x4B, hello_answer = 0x4C, change_client_id = 0x4D,
                       message = 0x4E, set_req_file_id = 0x4F, file_status = 0x50,
                       hash_set_request = 0x51, hash_set_answer = 0x52, start_upload_req = 0x54,
                       accept_upload_req = 0x55, cancel_transfer = 0x56, out_of_part_reqs = 0x57,
                       request_file_name = 0x58, req_file_name_answer = 0x59, change_slot = 0x5B,
                       queue_rank = 0x5C, ask_shared_dirs = 0x5D, ask_shared_files_dir = 0x5E,
                       ask_shared_denied = 0x61;
} // namespace opcode

/// Under C5, TCP.
namespace emule_opcode {
constexpr std::uint8_t emule_info = 0x01, emule_info_answer = 0x02, compressed_part = 0x40,
                       queue_ranking = 0x60, file_desc = 0x61, request_sources = 0x81,
                       answer_sources = 0x82, request_sources2 = 0x83, answer_sources2 = 0x84,
                       public_key = 0x85, signature = 0x86, sec_ident_state = 0x87,
                       multi_packet = 0x92, multi_packet_answer = 0x93, public_ip_req = 0x97,
                       public_ip_answer = 0x98, aich_request = 0x9B, aich_answer = 0x9C,
                       aich_file_hash_answer = 0x9D, aich_file_hash_request = 0x9E,
                       compressed_part_i64 = 0xA1, sending_part_i64 = 0xA2,
                       request_parts_i64 = 0xA3, multi_packet_ext = 0xA4;
} // namespace emule_opcode

/// Under C5, UDP.
namespace udp_opcode {
constexpr std::uint8_t reask_file_ping = 0x90, reask_ack = 0x91, file_not_found = 0x92,
                       queue_full = 0x93, port_test = 0xFE;
} // namespace udp_opcode

} // namespace interswarm::ed2k
