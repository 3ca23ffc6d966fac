namespace IlZo.Training;

/// <summary>Ends work whose result is no longer needed: another trainer of the same run has entered it into the log.</summary>
internal sealed class DecidedElsewhereException() : Exception("Another trainer has entered the result into the run's log.");
