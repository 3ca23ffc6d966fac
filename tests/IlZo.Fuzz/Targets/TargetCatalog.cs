namespace IlZo.Fuzz.Targets;

/// <summary>All parsers. A new one is a line in the file of its part.</summary>
internal static class TargetCatalog
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
        [
            .. CheckpointTargets.All, .. TokenizerTargets.All, .. TemplateTargets.All, .. DataTargets.All, .. RunTargets.All,
            .. ClusterTargets.All, .. CommandTargets.All,
            .. RequestTargets.All,
        ];

    /// <summary>The target of a name.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static FuzzTarget Named(string name) => All.Single(t => t.Name == name);
}
