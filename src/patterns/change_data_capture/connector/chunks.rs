//! The connector's incremental snapshot: chunk after chunk, while it streams.
//!
//! Owns what a chunk asks for, and when. Does not own which rows of it are dropped ([`Window`]).

use super::intake::read;
use super::{CHUNK_AGAIN, Connector, Out};
use crate::kernel::Ctx;
use crate::patterns::change_data_capture::message::{Key, Msg};
use crate::patterns::change_data_capture::window::{self, Window};

impl Connector {
    pub(super) fn next_chunk(&mut self, ctx: &mut Ctx<'_, Msg>, after: Key) {
        self.chunks += 1;
        let mut window = Window::new(self.chunks, after);
        if !self.settings.watermarks {
            window.stage = window::Stage::Rows;
        }
        self.window = Some(window);
        self.ask_chunk(ctx);
    }

    /// Asks for what the chunk needs next: watermark, rows, watermark.
    pub(super) fn ask_chunk(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(window) = &self.window else { return };
        let database = self.settings.database;
        match window.stage {
            window::Stage::Low => {
                ctx.send(database, Msg::Watermark(window.chunk, false));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::Rows => {
                ctx.send(database, Msg::Select(window.chunk, window.after, self.settings.chunk));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::High => {
                ctx.send(database, Msg::Watermark(window.chunk, true));
                ctx.set_timer(CHUNK_AGAIN, self.settings.retry.full(2));
            }
            window::Stage::Draining => {}
        }
    }

    /// The rows of a chunk.
    pub(super) fn selected(&mut self, ctx: &mut Ctx<'_, Msg>, chunk: u32, rows: &[(Key, i32)]) {
        let (limit, watermarks, position) = (self.settings.chunk, self.settings.watermarks, self.received);
        let Some(window) = self.window.as_mut().filter(|w| w.chunk == chunk) else { return };
        if window.stage != window::Stage::Rows {
            return;
        }
        window.fill(rows, limit);
        if watermarks {
            window.stage = window::Stage::High;
            return self.ask_chunk(ctx);
        }
        // Naive: whatever was read is sent, however old it is by now.
        window.stage = window::Stage::Draining;
        for (key, amount) in window.close() {
            self.queue.push_back(Out { value: read(key, amount, position, self.schema), done: None });
        }
        ctx.cancel_timer(CHUNK_AGAIN);
        self.pump(ctx);
    }

    /// After all of a chunk's records are stored: the next one.
    pub(super) fn chunk_done(&mut self, ctx: &mut Ctx<'_, Msg>) {
        let Some(window) = &mut self.window else { return };
        match window.stage {
            // The low watermark has come by in the stream: what is read from now on is read after it.
            window::Stage::Low if window.is_open() => {
                window.stage = window::Stage::Rows;
                self.ask_chunk(ctx);
            }
            window::Stage::Draining => {
                ctx.cancel_timer(CHUNK_AGAIN);
                let (last, after) = (window.last, window.after);
                self.window = None;
                if !last {
                    self.next_chunk(ctx, after);
                }
            }
            _ => {}
        }
    }
}
