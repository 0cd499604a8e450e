//! `Columns`: which columns a table has, and what the named groups of a pattern put into them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::ffi::FFI_ArrowSchema;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::interpreter::{attached, detached};
use crate::arrow::{Captures, FieldKind, GroupColumns, Groups, Origin, Plan};
use crate::error::{Error, Result};

/// The groups that become columns, as `tables/arrow.py` says them: what each is called, its number and kind; how the engine
/// takes them, if it can; and `search`.
type GroupParts = (Vec<(String, usize, String)>, Option<(String, Option<String>)>, Py<PyAny>);

/// Which columns a table has.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Columns {
    names: Vec<String>,
    groups: Option<Wanted>,
}

/// The groups that become columns.
struct Wanted {
    columns: Vec<(String, usize, FieldKind)>,
    captures: Option<Arc<Captures>>,
    search: Arc<PythonSearch>,
}

#[pymethods]
impl Columns {
    #[new]
    #[pyo3(signature = (names, groups=None))]
    fn new(py: Python<'_>, names: Vec<String>, groups: Option<GroupParts>) -> PyResult<Self> {
        let groups = groups.map(|said| Wanted::new(py, said)).transpose()?;
        let made = Self { names, groups };
        made.plan(&[])?;
        Ok(made)
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Whether each line must be timed for them.
    #[getter]
    fn timed(&self) -> PyResult<bool> {
        Ok(self.plan(&[])?.wants_times())
    }

    /// Whether each line must have a step for them.
    #[getter]
    fn stepped(&self) -> PyResult<bool> {
        Ok(self.plan(&[])?.wants_steps())
    }

    /// Their names and types.
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.plan(&[])?.schema().as_ref());
        let schema = schema.map_err(|error| PyValueError::new_err(error.to_string()))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}

impl Columns {
    /// How a table of these columns is made of `logs`.
    pub(super) fn plan(&self, logs: &[Origin]) -> Result<Plan> {
        Plan::new(&self.names, self.groups.as_ref().map(Wanted::fields), logs)
    }
}

impl Wanted {
    fn new(py: Python<'_>, (columns, programs, search): GroupParts) -> PyResult<Self> {
        let kinds = columns.into_iter().map(|(name, number, kind)| {
            let kind = match kind.as_str() {
                "int" => FieldKind::Int,
                "float" => FieldKind::Float,
                "str" => FieldKind::Text,
                _ => return Err(PyValueError::new_err(format!("{kind:?}: no kind of column"))),
            };
            Ok((name, number, kind))
        });
        let columns = kinds.collect::<PyResult<Vec<_>>>()?;
        let build = |(ascii, text): (String, Option<String>)| Captures::new(&ascii, text.as_deref());
        let captures = detached(py, || programs.and_then(build)).map(Arc::new);
        let numbers = columns.iter().map(|(_, number, _)| *number).collect();
        Ok(Self { columns, captures, search: Arc::new(PythonSearch { search, numbers }) })
    }

    fn fields(&self) -> GroupColumns {
        let search: Arc<dyn Groups> = Arc::clone(&self.search) as _;
        GroupColumns::new(self.columns.clone(), self.captures.clone(), search)
    }
}

/// `search` of a compiled pattern, and the numbers of the groups that are wanted.
struct PythonSearch {
    search: Py<PyAny>,
    numbers: Vec<usize>,
}

impl Groups for PythonSearch {
    fn take(&self, lines: &[Cow<'_, str>]) -> Result<Vec<Option<String>>> {
        let told = attached(|py| {
            let search = self.search.bind(py);
            let mut groups = Vec::with_capacity(lines.len() * self.numbers.len());
            for line in lines {
                let found = search.call1((&**line,))?;
                for number in &self.numbers {
                    let group = if found.is_none() {
                        None
                    } else {
                        found.call_method1("group", (*number,))?.extract()?
                    };
                    groups.push(group);
                }
            }
            PyResult::Ok(groups)
        });
        told.map_err(|error| Error::Value(error.to_string()))
    }
}
