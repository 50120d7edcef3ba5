//! Pages.

mod header;
mod home;
mod lab_page;
mod not_found;

pub use home::Home;
pub use lab_page::LabPage;
pub use not_found::NotFound;
