using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>
/// The decay of runs from before tensors had roles, for continuing and replaying them: it spared what these names tell, which is right for
/// OPT and leaves out some or all norms of the other families.
/// </summary>
internal sealed record LegacyDecay(double Rate) : WeightDecay(Rate)
{
    private protected override bool AppliesTo(Parameter parameter) =>
        !parameter.Name.Contains("bias", StringComparison.Ordinal)
        && !parameter.Name.Contains("layer_norm", StringComparison.Ordinal)
        && !parameter.Name.Contains("layernorm", StringComparison.Ordinal);
}
