//! The interface. It shows runs and asks for commands; it knows no protocol.
//!
//! Only [`browser`] names `web_sys`; every change goes through a [`Command`].

pub mod browser;
pub mod command;
pub mod diagram;
pub mod icons;
pub mod lab;
pub mod pages;
pub mod panels;
pub mod session;

pub use command::Command;
pub use lab::{Lab, Selection, Story, use_lab};
