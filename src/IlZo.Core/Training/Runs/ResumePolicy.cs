namespace IlZo.Training;

/// <summary>How a run may be resumed.</summary>
/// <param name="Exact">Only with what computed its last step, including the version of the arithmetic, so that the result is bit for bit
/// that of an uninterrupted run.</param>
/// <param name="AllowShortLog">Even if its log has fewer steps than the run had; the missing ones are recomputed.</param>
public sealed record ResumePolicy(bool Exact = false, bool AllowShortLog = false);
