#pragma once

#include <span>

namespace interswarm {

/// One numbered step of the tables' history. A step that was ever released is never changed; what
/// is to change is a new step at the end. Plain SQL, one statement a string, that each server's
/// sql_session::in_dialect adapts: the word BLOB stands for a column of sql_bytes, text is compared
/// by its bytes, and a statement behind "sqlite:" or "postgresql:" is for that server alone.
struct migration {
  int number;
  const char* purpose;
  std::span<const char* const> statements;
};

/// The tables of one kind of database and where it keeps their version.
struct table_set {
  const char* version_table;
  /// In ascending order, numbered 1, 2, 3 …
  std::span<const migration> steps;
};

/// Names and the ledger.
const table_set& name_tables();
/// The index of a storage node's chunks.
const table_set& chunk_tables();

} // namespace interswarm
