//! What both ways of cutting read of a module.

use std::convert::Infallible;

use wasm_encoder::ImportSection;
use wasm_encoder::reencode::{Error, Reencode};
use wasmparser::{Operator, Parser, Payload};

use super::Fault;
use super::site::Names;

/// Numbers of a module.
pub struct Shape {
    /// Functions that it imports; they come first.
    pub imported: u32,
    /// The type of each function, imported ones first.
    pub types: Vec<u32>,
    /// How many parameters each type has; empty results and groups are never asked for.
    pub params: Vec<u32>,
    /// The table of functions.
    pub table: u32,
    /// Its size.
    pub slots: u64,
    /// How many types there are.
    pub kinds: u32,
    /// Globals of its own.
    pub globals: Vec<wasmparser::GlobalType>,
    /// Functions that the bound reaches (exported, started), or that touch another table: the second
    /// module knows the one of functions alone.
    pub bound: Vec<u32>,
}

/// Reads them.
pub fn shape(bytes: &[u8]) -> Result<Shape, Fault> {
    let mut shape = Shape {
        imported: 0,
        types: Vec::new(),
        params: Vec::new(),
        table: 0,
        slots: 0,
        kinds: 0,
        globals: Vec::new(),
        bound: Vec::new(),
    };
    let mut at = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    shape.params.push(u32::try_from(ty?.params().len())?);
                }
                shape.kinds = u32::try_from(shape.params.len())?;
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        wasmparser::TypeRef::Func(ty) => {
                            shape.types.push(ty);
                            shape.imported += 1;
                            at += 1;
                        }
                        other => return Err(format!("an import that is not a function: {other:?}").into()),
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    shape.types.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for (i, table) in section.into_iter().enumerate() {
                    let ty = table?.ty;
                    if ty.element_type.is_func_ref() {
                        // An element segment that names no table means the first.
                        if i != 0 {
                            return Err("the table of functions is not the first".into());
                        }
                        shape.table = 0;
                        shape.slots = ty.initial;
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    shape.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == wasmparser::ExternalKind::Func
                        && !export.name.contains(super::cut::UNUSED)
                    {
                        shape.bound.push(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => shape.bound.push(func),
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    let (Operator::TableGet { table }
                    | Operator::TableSet { table }
                    | Operator::TableGrow { table }
                    | Operator::TableSize { table }
                    | Operator::TableFill { table }) = operator?
                    else {
                        continue;
                    };
                    if table != shape.table {
                        shape.bound.push(at);
                    }
                }
                at += 1;
            }
            _ => {}
        }
    }
    Ok(shape)
}

/// The module without its custom sections: nobody at run time wants names. Its imports get short ones.
pub fn bare(bytes: &[u8], names: &Names) -> Result<Vec<u8>, Fault> {
    let mut module = wasm_encoder::Module::new();
    Bare(names).parse_core_module(&mut module, Parser::new(0), bytes)?;
    Ok(module.finish())
}

/// The imports, with short names.
pub fn renamed<T: Reencode<Error = Infallible>>(
    reencoder: &mut T,
    names: &Names,
    to: &mut ImportSection,
    from: wasmparser::ImportSectionReader<'_>,
) -> Result<(), Error<Infallible>> {
    for import in from.into_imports() {
        let import = import?;
        let name = names.get(import.name).map_or(import.name, String::as_str);
        to.import(import.module, name, reencoder.entity_type(import.ty)?);
    }
    Ok(())
}

struct Bare<'a>(&'a Names);

impl Reencode for Bare<'_> {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        to: &mut ImportSection,
        from: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        let names = self.0;
        renamed(self, names, to, from)
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        Ok(())
    }
}
