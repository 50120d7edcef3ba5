//! lab_page
