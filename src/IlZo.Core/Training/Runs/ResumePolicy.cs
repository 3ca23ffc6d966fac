namespace IlZo.Training;

/// <summary>How a run may be continued.</summary>
/// <param name="Exact">Only by what computed its last step, to the version of the arithmetic, so that the result is that of a run without
/// interruption, bit for bit.</param>
/// <param name="AllowShortLog">Also where its log holds fewer steps than the run had; those that are missing are computed again.</param>
public sealed record ResumePolicy(bool Exact = false, bool AllowShortLog = false);
