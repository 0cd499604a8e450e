"""Who failed first, and why: right, or silent. `job.answer` makes a `Diagnosis` of the evidence in a job's logs."""

from logdex.diagnosis.verdict import Diagnosis, Evidence

__all__ = ["Diagnosis", "Evidence"]
