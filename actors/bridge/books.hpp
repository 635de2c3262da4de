#pragma once

#include "schema/bridge.values.hpp"
#include "schema/content.values.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <string>
#include <vector>

/// What the parts of a node ask of its names and its ledger.
namespace interswarm::bridge {

/// Declares that all records name the same content, with the evidence they carry.
struct names_link {
  std::vector<msg::name_record> records;
};
/// All names of the content that `name` names; an empty group when it is not known.
struct names_of {
  msg::name name;
};
/// Newest first.
struct names_all {
  std::uint32_t limit = 0;
};
struct names_search {
  std::string words;
  std::uint32_t limit = 0;
};
/// Adds what was learned of one name (size, proof data, metadata); makes no new equation.
struct names_learn {
  msg::name_record record;
};
/// The bytes were hashed here under all these names.
struct names_verify {
  std::vector<msg::name_record> records;
  slice content_id;
};
/// The bytes under these two names differ.
struct names_refute {
  msg::name first;
  msg::name second;
};
struct names_group {
  std::vector<msg::name_record> records;
};
/// Enters each under its receipt and role; the larger byte count stays.
struct ledger_enter {
  std::vector<msg::ledger_entry> entries;
};
struct ledger_since {
  std::int64_t since_ms = 0;
  std::uint32_t limit = 0;
};
struct ledger_list {
  std::vector<msg::ledger_entry> entries;
  /// Of a page: where the next one begins; empty at the end.
  slice next{};
};
/// One page of what ended from `since_ms` on and before `until_ms`, see ledger::page.
struct ledger_page_wanted {
  std::int64_t since_ms = 0;
  std::int64_t until_ms = 0;
  slice after;
  std::uint32_t limit = 0;
};

/// Sent by the name transfer to itself when it is told to end: what was sent to it before is still
/// entered.
struct books_closing {};

/// The name table and the ledger, on a thread of their own: SQLite blocks.
using name_transfer_actor =
    caf::typed_actor<caf::replies_to<names_link>::with<names_group>,         //
                     caf::replies_to<names_of>::with<names_group>,           //
                     caf::replies_to<names_all>::with<names_group>,          //
                     caf::replies_to<names_search>::with<names_group>,       //
                     caf::replies_to<names_learn>::with<void>,               //
                     caf::replies_to<names_verify>::with<names_group>,       //
                     caf::replies_to<names_refute>::with<void>,              //
                     caf::replies_to<ledger_enter>::with<void>,              //
                     caf::replies_to<ledger_since>::with<ledger_list>,       //
                     caf::replies_to<ledger_page_wanted>::with<ledger_list>, //
                     caf::reacts_to<books_closing>>;

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_of)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_all)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_search)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_learn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_verify)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_refute)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::ledger_enter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::ledger_since)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::ledger_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::ledger_page_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::books_closing)
