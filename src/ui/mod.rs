//! The interface. It shows runs and asks for commands; it knows no protocol.
//!
//! Only [`browser`] names `web_sys`; every change goes through a [`Command`]. What is pure (the
//! address, layouts) is built without the feature `ui` too, so that it is tested natively.

pub mod address;
pub mod command;
pub mod decimal;
pub mod diagram;
pub mod view;

#[cfg(feature = "ui")]
pub mod app;
#[cfg(feature = "ui")]
pub mod browser;
#[cfg(feature = "ui")]
pub mod dialogs;
#[cfg(feature = "ui")]
pub mod element;
#[cfg(feature = "ui")]
pub mod icons;
#[cfg(feature = "ui")]
pub mod keys;
#[cfg(feature = "ui")]
pub mod lab;
#[cfg(feature = "ui")]
pub mod pages;
#[cfg(feature = "ui")]
pub mod panels;
#[cfg(feature = "ui")]
pub mod reactive;
#[cfg(feature = "ui")]
pub mod session;
#[cfg(feature = "ui")]
pub mod settings;
#[cfg(feature = "ui")]
pub mod value;

#[cfg(feature = "ui")]
pub use app::mount;
pub use command::Command;
#[cfg(feature = "ui")]
pub use lab::{Lab, Story, use_lab};
pub use view::{Selection, View};
