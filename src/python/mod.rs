//! The binding, and nothing but the binding: arguments out of Python, `str` and small frozen classes into it.
//!
//! A class of Python that shows a type of the engine is called as that, behind `Py`; what is called `Python` and something
//! is a trait of the engine, answered by calls into Python.

mod answer;
mod any_answer;
#[cfg(feature = "arrow")]
mod arrow;
mod asking;
mod caller;
mod chain;
#[cfg(feature = "arrow")]
mod columns;
mod cursor;
mod ended;
mod error;
mod evidence;
mod fields;
mod format;
mod frames;
mod halt;
mod indexing;
mod interpreter;
mod level;
mod lines;
mod made;
mod merged;
mod one;
mod painter;
mod pattern;
mod question;
mod record;
mod recorder;
#[cfg(feature = "arrow")]
mod row_source;
mod scout;
mod show;
mod shown;
mod sieve;
mod stats;
mod stream;
mod text;
mod when;

use pyo3::prelude::*;

/// The private extension of `logdex`; the public names are in the package.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("INDEXED_FROM", crate::index::STORED_FROM)?;
    module.add_class::<any_answer::PyAnswer>()?;
    #[cfg(feature = "arrow")]
    module.add_class::<arrow::PyBatch>()?;
    #[cfg(feature = "arrow")]
    module.add_class::<columns::Columns>()?;
    #[cfg(feature = "arrow")]
    module.add_class::<arrow::PyTable>()?;
    module.add_class::<cursor::PyCursor>()?;
    module.add_class::<cursor::PyMark>()?;
    module.add_class::<lines::PyLines>()?;
    module.add_class::<lines::PyRecords>()?;
    module.add_class::<merged::Merged>()?;
    module.add_class::<stats::Stats>()?;
    module.add_class::<pattern::PyPattern>()?;
    module.add_class::<question::PyQuestion>()?;
    module.add_class::<record::PyRecord>()?;
    module.add_class::<show::Show>()?;
    module.add_class::<show::PySink>()?;
    module.add_class::<shown::PyClock>()?;
    module.add_class::<when::Zone>()?;
    module.add_class::<format::Format>()?;
    module.add_class::<format::Election>()?;
    module.add_class::<frames::Frames>()?;
    module.add_class::<frames::PyStand>()?;
    module.add_class::<sieve::PySieve>()?;
    module.add_class::<level::PyLevel>()?;
    module.add_class::<evidence::PyShapes>()?;
    module.add_function(wrap_pyfunction!(sieve::field_of, module)?)?;
    module.add_function(wrap_pyfunction!(sieve::holds, module)?)?;
    module.add_function(wrap_pyfunction!(sieve::field, module)?)?;
    module.add_function(wrap_pyfunction!(question::check_steps, module)?)?;
    module.add_function(wrap_pyfunction!(lines::born, module)?)?;
    module.add_function(wrap_pyfunction!(lines::cores, module)?)?;
    module.add_function(wrap_pyfunction!(lines::count, module)?)?;
    module.add_function(wrap_pyfunction!(evidence::gather, module)?)?;
    module.add_function(wrap_pyfunction!(indexing::build_index, module)?)?;
    module.add_function(wrap_pyfunction!(indexing::index_status, module)?)?;
    module.add_function(wrap_pyfunction!(indexing::indexes_are_off, module)?)?;
    module.add_function(wrap_pyfunction!(indexing::outline, module)?)?;
    module.add_function(wrap_pyfunction!(indexing::line_start, module)?)?;
    module.add_function(wrap_pyfunction!(lines::prune, module)?)?;
    module.add_function(wrap_pyfunction!(made::keep, module)?)?;
    module.add_function(wrap_pyfunction!(made::kept, module)?)?;
    module.add_function(wrap_pyfunction!(lines::span, module)?)?;
    module.add_function(wrap_pyfunction!(recorder::start_recording, module)?)?;
    module.add_function(wrap_pyfunction!(recorder::stop_recording, module)?)?;
    module.add_function(wrap_pyfunction!(when::parse_time, module)?)?;
    module.add_function(wrap_pyfunction!(when::resolve, module)?)?;
    interpreter::watch(module)?;
    Ok(())
}
