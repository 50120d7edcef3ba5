//! Pages.

mod header;
mod home;
mod lab_page;
mod not_found;
mod waiting;

pub use home::{Home, SHOWN};
pub use lab_page::LabPage;
pub use not_found::NotFound;
pub use waiting::Waiting;
