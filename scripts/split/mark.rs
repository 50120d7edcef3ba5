//! A copy that notes which of its functions have run: function `n` sets the exported global `hn` to 1.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, Instruction, Module,
    ValType,
};
use wasmparser::Parser;

use super::{Fault, module};

/// The copy, and how many functions it has. Functions are numbered without the imported ones.
pub fn marked(bytes: &[u8]) -> Result<(Vec<u8>, u32), Fault> {
    let shape = module::shape(bytes)?;
    let functions = u32::try_from(shape.types.len())? - shape.imported;
    let globals = u32::try_from(shape.globals.len())?;
    let mut out = Module::new();
    Marker { functions, globals, at: 0 }.parse_core_module(&mut out, Parser::new(0), bytes)?;
    Ok((out.finish(), functions))
}

struct Marker {
    functions: u32,
    globals: u32,
    at: u32,
}

type Done = Result<(), Error<Infallible>>;

impl Reencode for Marker {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        to: &mut GlobalSection,
        from: wasmparser::GlobalSectionReader<'_>,
    ) -> Done {
        utils::parse_global_section(self, to, from)?;
        for _ in 0..self.functions {
            let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
            to.global(ty, &ConstExpr::i32_const(0));
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        to: &mut ExportSection,
        from: wasmparser::ExportSectionReader<'_>,
    ) -> Done {
        utils::parse_export_section(self, to, from)?;
        for n in 0..self.functions {
            to.export(&format!("h{n}"), ExportKind::Global, self.globals + n);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, to: &mut CodeSection, from: wasmparser::FunctionBody<'_>) -> Done {
        let mut body = self.new_function_with_parsed_locals(&from)?;
        body.instruction(&Instruction::I32Const(1));
        body.instruction(&Instruction::GlobalSet(self.globals + self.at));
        let mut code = from.get_operators_reader()?;
        while !code.eof() {
            body.instruction(&self.parse_instruction(&mut code)?);
        }
        to.function(&body);
        self.at += 1;
        Ok(())
    }
}
