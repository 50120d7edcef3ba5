//! The cut itself. Both modules share memory, globals and the table of functions; the second imports
//! them, and what it calls of the first, from the first one's exports.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    Module, TableSection, TypeSection, ValType,
};
use wasmparser::{ElementItems, ElementKind, Operator, Parser, Payload};

use super::Fault;
use super::data::{self, Constants, Piece};
use super::module::{self, Shape};
use super::site::Names;

/// In the names of exports: streams of the library behind Leptos' server functions, which has no server here.
pub const UNUSED: &str = "intounderlying";

/// Two modules out of one.
pub struct Cut {
    /// What the page starts with.
    pub first: Vec<u8>,
    /// What it is joined by.
    pub later: Vec<u8>,
    /// Functions in the first.
    pub kept: usize,
    /// Functions in the second.
    pub moved: usize,
    /// Functions of the second that the first can call.
    pub stand_ins: usize,
}

/// Cuts. `used` holds the functions that stay in the first module, numbered without the imported ones;
/// whatever is exported stays too.
pub fn cut(bytes: &[u8], linked: &[u8], used: &[u32], names: &Names) -> Result<Cut, Fault> {
    let constants = Constants::of(linked, bytes)?;
    let shape = module::shape(bytes)?;
    let mut stay: BTreeSet<u32> = used.iter().map(|n| n + shape.imported).collect();
    stay.extend(&shape.bound);
    stay.extend(0..shape.imported);
    keep_the_small(bytes, &shape, &constants, &mut stay)?;
    let mut calls = Calls::of(bytes, &shape, &stay)?;
    let named = named_by(bytes, &shape, &stay)?;
    let needed = constants.reached(named.iter().copied());
    let [first_data, later_data] = constants.cut(&needed);
    // A function of the second module whose slot is named by nothing in the first cannot be called from
    // there: its slot stays empty until it comes.
    calls.known = constants.words(&needed);
    calls.known.extend(named);

    let all = u32::try_from(shape.types.len())?;
    let moved: Vec<u32> = (0..all).filter(|f| !stay.contains(f)).collect();
    // A stand-in, and a slot behind the last of the table, for everything that the first module reaches.
    let reached: Vec<u32> = moved.iter().copied().filter(|f| calls.reached(*f)).collect();
    let slot_of: BTreeMap<u32, u64> = (0..).zip(&reached).map(|(i, f)| (*f, shape.slots + i)).collect();

    let mut first = BTreeMap::new();
    // Imported functions, then the one that loads the second module, then what stays, then stand-ins.
    for f in 0..shape.imported {
        first.insert(f, f);
    }
    let mut next = shape.imported + 1;
    for f in (shape.imported..all).filter(|f| stay.contains(f)) {
        first.insert(f, next);
        next += 1;
    }
    for f in &reached {
        first.insert(*f, next);
        next += 1;
    }
    let asked: Vec<u32> = calls.asked.iter().copied().collect();
    let mut later = BTreeMap::new();
    for (i, f) in (0..).zip(asked.iter().chain(&moved)) {
        later.insert(*f, i);
    }

    let mut out = Module::new();
    First {
        names,
        shape: &shape,
        stay: &stay,
        place: &first,
        reached: &reached,
        slot_of: &slot_of,
        asked: &asked,
        data: &first_data,
        slots: &calls.slots,
        at: 0,
    }
    .parse_core_module(&mut out, Parser::new(0), bytes)?;
    let first_module = out.finish();
    let later_module = Later {
        shape: &shape,
        place: &later,
        moved: &moved,
        asked: &asked,
        slot_of: &slot_of,
        calls: &calls,
        data: &later_data,
    }
    .module(bytes)?;
    Ok(Cut {
        first: first_module,
        later: later_module,
        kept: stay.len() - shape.imported as usize,
        moved: moved.len(),
        stand_ins: reached.len(),
    })
}

/// A function that is no larger than its stand-in would be, and calls nobody who moves, stays.
/// One that names a constant does not: with it, all that the constant names would have to stay.
fn keep_the_small(
    bytes: &[u8],
    shape: &Shape,
    constants: &Constants,
    stay: &mut BTreeSet<u32>,
) -> Result<(), Fault> {
    /// Bytes of a stand-in with its slot, its type and its place in the table, and a few to spare: what
    /// stays can be compressed better than what only stands in.
    const SMALL: u64 = 12;
    let mut small = Vec::new();
    let mut at = shape.imported;
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        let range = body.range();
        if !stay.contains(&at) && range.end - range.start <= SMALL {
            let mut calls = Vec::new();
            for operator in body.get_operators_reader()? {
                if let Operator::Call { function_index } = operator? {
                    calls.push(function_index);
                }
            }
            if !data::named(&body)?.iter().any(|number| constants.is_address(*number)) {
                small.push((at, calls));
            }
        }
        at += 1;
    }
    loop {
        let before = stay.len();
        let fits: Vec<u32> = small
            .iter()
            .filter(|(_, calls)| calls.iter().all(|to| stay.contains(to)))
            .map(|(f, _)| *f)
            .collect();
        stay.extend(fits);
        if stay.len() == before {
            return Ok(());
        }
    }
}

/// The numbers in the code of the functions that stay.
fn named_by(bytes: &[u8], shape: &Shape, stay: &BTreeSet<u32>) -> Result<Vec<u64>, Fault> {
    let mut found = Vec::new();
    let mut at = shape.imported;
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        if stay.contains(&at) {
            found.extend(data::named(&body)?);
        }
        at += 1;
    }
    Ok(found)
}

/// Who reaches whom across the cut.
struct Calls {
    /// Functions that stay and are called by functions that do not.
    asked: BTreeSet<u32>,
    /// Functions that are called by functions that stay.
    called: BTreeSet<u32>,
    /// Slots of the table and their functions.
    slots: Vec<(u64, u32)>,
    /// Numbers that the first module has, in its code or its constants: slots may be among them.
    known: BTreeSet<u64>,
}

impl Calls {
    fn of(bytes: &[u8], shape: &Shape, stay: &BTreeSet<u32>) -> Result<Self, Fault> {
        let mut calls = Self {
            asked: BTreeSet::new(),
            called: BTreeSet::new(),
            slots: Vec::new(),
            known: BTreeSet::new(),
        };
        let mut at = shape.imported;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::CodeSectionEntry(body) => {
                    let stays = stay.contains(&at);
                    for operator in body.get_operators_reader()? {
                        let (Operator::Call { function_index: to }
                        | Operator::RefFunc { function_index: to }
                        | Operator::ReturnCall { function_index: to }) = operator?
                        else {
                            continue;
                        };
                        match (stays, stay.contains(&to)) {
                            (true, false) => calls.called.insert(to),
                            (false, true) => calls.asked.insert(to),
                            _ => false,
                        };
                    }
                    at += 1;
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        let element = element?;
                        let ElementKind::Active { offset_expr, .. } = element.kind else {
                            return Err("an element segment that is not active".into());
                        };
                        let offset = match offset_expr.get_operators_reader().read()? {
                            Operator::I32Const { value } => value as u64,
                            other => return Err(format!("an element segment at {other:?}").into()),
                        };
                        let ElementItems::Functions(functions) = element.items else {
                            return Err("an element segment of expressions".into());
                        };
                        for (i, f) in functions.into_iter().enumerate() {
                            calls.slots.push((offset + i as u64, f?));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(calls)
    }

    fn reached(&self, f: u32) -> bool {
        self.called.contains(&f) || self.slots.iter().any(|(slot, g)| *g == f && self.known.contains(slot))
    }
}

type Done = Result<(), Error<Infallible>>;

/// The first module.
struct First<'a> {
    names: &'a Names,
    shape: &'a Shape,
    stay: &'a BTreeSet<u32>,
    place: &'a BTreeMap<u32, u32>,
    reached: &'a [u32],
    slot_of: &'a BTreeMap<u32, u64>,
    asked: &'a [u32],
    data: &'a [Piece],
    slots: &'a [(u64, u32)],
    at: u32,
}

impl First<'_> {
    /// The global that says whether the second module is there.
    fn there(&self) -> u32 {
        self.shape.globals.len() as u32
    }

    /// Has the second module loaded, unless it is there; then calls what took the slot.
    fn stand_in(&self, f: u32) -> Function {
        let ty = self.shape.types[f as usize];
        let mut body = Function::new([]);
        body.instruction(&Instruction::GlobalGet(self.there()));
        body.instruction(&Instruction::I32Eqz);
        body.instruction(&Instruction::If(BlockType::Empty));
        body.instruction(&Instruction::Call(self.shape.imported));
        body.instruction(&Instruction::End);
        for param in 0..self.shape.params[ty as usize] {
            body.instruction(&Instruction::LocalGet(param));
        }
        body.instruction(&Instruction::I32Const(self.slot_of[&f] as i32));
        body.instruction(&Instruction::CallIndirect { type_index: ty, table_index: self.shape.table });
        body.instruction(&Instruction::End);
        body
    }
}

impl Reencode for First<'_> {
    type Error = Infallible;

    fn function_index(&mut self, f: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.place[&f])
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: wasmparser::CustomSectionReader<'_>) -> Done {
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        to: &mut TypeSection,
        from: wasmparser::TypeSectionReader<'_>,
    ) -> Done {
        utils::parse_type_section(self, to, from)?;
        to.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        to: &mut ImportSection,
        from: wasmparser::ImportSectionReader<'_>,
    ) -> Done {
        let names = self.names;
        module::renamed(self, names, to, from)?;
        to.import("later", "load", EntityType::Function(self.shape.kinds));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        to: &mut FunctionSection,
        from: wasmparser::FunctionSectionReader<'_>,
    ) -> Done {
        for (f, ty) in (self.shape.imported..).zip(from) {
            let ty = ty?;
            if self.stay.contains(&f) {
                to.function(ty);
            }
        }
        for f in self.reached {
            to.function(self.shape.types[*f as usize]);
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        to: &mut TableSection,
        from: wasmparser::TableSectionReader<'_>,
    ) -> Done {
        for (i, table) in (0..).zip(from) {
            let mut ty = self.table_type(table?.ty)?;
            if i == self.shape.table {
                ty.minimum += self.slot_of.len() as u64;
                ty.maximum = ty.maximum.map(|most| most + self.slot_of.len() as u64);
            }
            to.table(ty);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        to: &mut GlobalSection,
        from: wasmparser::GlobalSectionReader<'_>,
    ) -> Done {
        utils::parse_global_section(self, to, from)?;
        to.global(THERE, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        to: &mut ExportSection,
        from: wasmparser::ExportSectionReader<'_>,
    ) -> Done {
        for export in from {
            let export = export?;
            // Classes of a library that nobody here makes an instance of.
            if !export.name.contains(UNUSED) {
                self.parse_export(to, export)?;
            }
        }
        to.export("m", ExportKind::Memory, 0);
        to.export("t", ExportKind::Table, self.shape.table);
        to.export("there", ExportKind::Global, self.there());
        for g in 0..self.shape.globals.len() as u32 {
            to.export(&format!("g{g}"), ExportKind::Global, g);
        }
        for (i, f) in self.asked.iter().enumerate() {
            to.export(&format!("f{i}"), ExportKind::Func, self.place[f]);
        }
        Ok(())
    }

    fn parse_element_section(
        &mut self,
        to: &mut ElementSection,
        _: wasmparser::ElementSectionReader<'_>,
    ) -> Done {
        let filled = self.slots.iter().filter_map(|(slot, f)| Some((*slot, *self.place.get(f)?)));
        fill(filled.collect(), to);
        Ok(())
    }

    fn data_count(&mut self, _: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.data.len() as u32)
    }

    fn parse_data_section(&mut self, to: &mut DataSection, _: wasmparser::DataSectionReader<'_>) -> Done {
        write(self.data, to);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        to: &mut CodeSection,
        from: wasmparser::CodeSectionReader<'_>,
    ) -> Done {
        self.at = self.shape.imported;
        for body in from {
            let body = body?;
            if self.stay.contains(&self.at) {
                self.parse_function_body(to, body)?;
            }
            self.at += 1;
        }
        for f in self.reached {
            to.function(&self.stand_in(*f));
        }
        Ok(())
    }
}

/// Fills slots of the table, neighbours with one segment.
fn fill(mut all: Vec<(u64, u32)>, to: &mut ElementSection) {
    all.sort_unstable();
    for run in all.chunk_by(|a, b| a.0 + 1 == b.0) {
        let functions: Vec<u32> = run.iter().map(|(_, f)| *f).collect();
        to.active(None, &ConstExpr::i32_const(run[0].0 as i32), Elements::Functions(functions.into()));
    }
}

fn write(pieces: &[Piece], to: &mut DataSection) {
    for (address, bytes) in pieces {
        to.active(0, &ConstExpr::i32_const(*address as u32 as i32), bytes.iter().copied());
    }
}

/// The type of the global that says whether the second module is there.
const THERE: GlobalType = GlobalType { val_type: ValType::I32, mutable: true, shared: false };

/// The second module.
struct Later<'a> {
    shape: &'a Shape,
    place: &'a BTreeMap<u32, u32>,
    moved: &'a [u32],
    asked: &'a [u32],
    slot_of: &'a BTreeMap<u32, u64>,
    calls: &'a Calls,
    data: &'a [Piece],
}

impl Later<'_> {
    fn module(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Module::new();
        let mut code = CodeSection::new();
        let mut at = self.shape.imported;
        let mut types = TypeSection::new();
        let mut memory = None;
        let mut table = None;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => self.parse_type_section(&mut types, section)?,
                Payload::MemorySection(section) => {
                    memory = section.into_iter().next().transpose()?;
                }
                Payload::TableSection(section) => {
                    let found = section.into_iter().nth(self.shape.table as usize).transpose()?;
                    table = found.map(|t| t.ty);
                }
                Payload::CodeSectionEntry(body) => {
                    if self.moved.binary_search(&at).is_ok() {
                        self.parse_function_body(&mut code, body)?;
                    }
                    at += 1;
                }
                _ => {}
            }
        }

        let mut imports = ImportSection::new();
        let memory = self.memory_type(memory.ok_or("the module has no memory")?)?;
        imports.import("first", "m", memory);
        let mut table = self.table_type(table.ok_or("the module has no table of functions")?)?;
        table.minimum += self.slot_of.len() as u64;
        table.maximum = table.maximum.map(|most| most + self.slot_of.len() as u64);
        imports.import("first", "t", table);
        let globals = self.shape.globals.clone();
        for (g, ty) in globals.into_iter().enumerate() {
            imports.import("first", &format!("g{g}"), EntityType::Global(self.global_type(ty)?));
        }
        for (i, f) in self.asked.iter().enumerate() {
            let ty = self.shape.types[*f as usize];
            imports.import("first", &format!("f{i}"), EntityType::Function(ty));
        }
        let mut functions = FunctionSection::new();
        for f in self.moved {
            functions.function(self.shape.types[*f as usize]);
        }
        let mut data = DataSection::new();
        write(self.data, &mut data);
        out.section(&types).section(&imports).section(&functions).section(&self.slots());
        out.section(&code).section(&data);
        Ok(out.finish())
    }

    /// Its functions take their slots: those that stand-ins had, and those behind the table's end.
    fn slots(&self) -> ElementSection {
        let own = |f: &u32| self.moved.binary_search(f).is_ok();
        let mut all: Vec<(u64, u32)> = self.calls.slots.iter().copied().filter(|(_, f)| own(f)).collect();
        all.extend(self.slot_of.iter().map(|(f, slot)| (*slot, *f)));
        let mut section = ElementSection::new();
        fill(all.into_iter().map(|(slot, f)| (slot, self.place[&f])).collect(), &mut section);
        section
    }
}

impl Reencode for Later<'_> {
    type Error = Infallible;

    fn function_index(&mut self, f: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.place[&f])
    }

    fn table_index(&mut self, table: u32) -> Result<u32, Error<Infallible>> {
        assert_eq!(table, self.shape.table, "the second module touches one table, that of functions");
        Ok(0)
    }
}
