//! The binding, and nothing but the binding.

mod pattern;

use pyo3::prelude::*;

/// The private extension of `logdex`; the public names are in the package.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<pattern::Pattern>()?;
    Ok(())
}
