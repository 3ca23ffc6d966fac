namespace IlZo.Clusters;

/// <summary>Consecutive items of one pass.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="First">The first item.</param>
/// <param name="Count">How many.</param>
internal readonly record struct WorkPart(int Pass, int First, int Count);
