//! `fields!`: a frozen class of named fields that Python makes, reads, changes and pickles, out of one list of them.

use std::ffi::OsString;

use pyo3::prelude::*;

/// An argument that may be left out: `None` is a value like any other.
pub(super) enum Changed<T> {
    To(T),
    Not,
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Changed<T> {
    type Error = T::Error;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        given.extract().map(Self::To)
    }
}

impl<T: Share> Changed<T> {
    /// What it was changed to, or what was there.
    pub(super) fn or(self, there: &T, py: Python<'_>) -> T {
        match self {
            Self::To(changed) => changed,
            Self::Not => there.share(py),
        }
    }
}

/// A value of which there may be two. Not `Clone`: references to Python's objects are counted under the GIL.
pub(super) trait Share {
    fn share(&self, py: Python<'_>) -> Self;
}

impl<T> Share for Py<T> {
    fn share(&self, py: Python<'_>) -> Self {
        self.clone_ref(py)
    }
}

impl<T: Share> Share for Option<T> {
    fn share(&self, py: Python<'_>) -> Self {
        self.as_ref().map(|value| value.share(py))
    }
}

macro_rules! share_by_clone {
    ($($type:ty),*) => {
        $(impl Share for $type {
            fn share(&self, _: Python<'_>) -> Self {
                self.clone()
            }
        })*
    };
}

share_by_clone!(
    bool,
    i64,
    u64,
    usize,
    String,
    OsString,
    (String, Option<u32>, String),
    (Option<i64>, Option<i64>),
    (Option<u64>, Option<u64>, Option<String>),
    Vec<(u64, u64, i64, u64)>,
    Vec<(OsString, u64)>
);

/// A frozen class out of the list of its fields: those before the `;` must be given, the others have defaults, each of
/// one token, so that a literal shows in the signature that Python tells.
///
/// The class has a method `traverse` of its own, for Python's collector of garbage.
macro_rules! fields {
    (
        $(#[$about:meta])*
        $see:vis struct $class:ident as $name:tt {
            $first:ident: $first_type:ty,
            $($(#[$required_about:meta])* $required:ident: $required_type:ty,)*
            ;
            $($(#[$field_about:meta])* $field:ident: $type:ty = $default:tt,)*
        }
    ) => {
        $(#[$about])*
        #[pyclass(frozen, get_all, name = $name, module = "logdex._core")]
        #[allow(clippy::struct_excessive_bools, reason = "the keywords of a Python call")]
        $see struct $class {
            $first: $first_type,
            $($(#[$required_about])* $required: $required_type,)*
            $($(#[$field_about])* $field: $type,)*
        }

        #[pymethods]
        #[allow(clippy::too_many_arguments, reason = "the keywords of a Python call")]
        impl $class {
            #[new]
            #[pyo3(signature = ($first, *, $($required,)* $($field = $default,)*))]
            fn new($first: $first_type, $($required: $required_type,)* $($field: $type,)*) -> Self {
                Self { $first, $($required,)* $($field,)* }
            }

            /// The same with other fields.
            #[pyo3(signature = (*, $first = Changed::Not, $($required = Changed::Not,)* $($field = Changed::Not,)*))]
            fn but(
                &self,
                py: Python<'_>,
                $first: Changed<$first_type>,
                $($required: Changed<$required_type>,)*
                $($field: Changed<$type>,)*
            ) -> Self {
                Self {
                    $first: $first.or(&self.$first, py),
                    $($required: $required.or(&self.$required, py),)*
                    $($field: $field.or(&self.$field, py),)*
                }
            }

            fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
                let keywords = PyDict::new(py);
                $(keywords.set_item(stringify!($required), &self.$required)?;)*
                $(keywords.set_item(stringify!($field), &self.$field)?;)*
                Ok(((&self.$first,).into_pyobject(py)?, keywords))
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let (first, keywords) = self.__getnewargs_ex__(py)?;
                let mut parts = vec![first.get_item(0)?.repr()?.to_string()];
                for (name, value) in keywords {
                    parts.push(format!("{name}={}", value.repr()?));
                }
                Ok(format!("{}({})", $name, parts.join(", ")))
            }

            // No `__clear__`: what it holds it was made with, so a cycle has other members that can be emptied.
            fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                self.traverse(&visit)
            }
        }
    };
}
pub(super) use fields;
