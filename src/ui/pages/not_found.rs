//! not_found
