using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Gpu.SelfTest;

/// <summary>Weights in blocks, which both engines decode for themselves: looked-up rows must have the same bits.</summary>
internal static class BlockChecks
{
    private const int Inputs = 512;
    private const int Outputs = 37;
    private const int TransposedOutputs = 256;

    private static readonly (string Name, long[] Shape)[] s_tensors =
    [
        ("e", [9, Inputs]), ("w", [Outputs, Inputs]), ("b", [Outputs]), ("t", [Inputs, TransposedOutputs]),
    ];

    /// <summary>All checks.</summary>
    public static IReadOnlyList<SelfTestCheck> All { get; } =
        [.. Enum.GetValues<DType>().Where(type => type.IsBlocked()).SelectMany(Of)];

    private static IEnumerable<SelfTestCheck> Of(DType type) =>
    [
        SelfTestCheck.OfActivation("looked-up rows", 0, type, s_tensors, Rows),
        SelfTestCheck.OfActivation("products", 3e-6, type, s_tensors, (pass, set) =>
        {
            var y = pass.Rent(Outputs);
            pass.Linear(Rows(pass, set), set["w"], set["b"], y);
            return y;
        }),
        SelfTestCheck.OfActivation("products with weights [in, out]", 3e-6, type, s_tensors, (pass, set) =>
        {
            var y = pass.Rent(TransposedOutputs);
            pass.Linear(Rows(pass, set), set["t"], null, y, layout: WeightLayout.InOut);
            return y;
        }),
    ];

    private static Activation Rows(IPass pass, ParameterSet set)
    {
        var x = pass.Rent(Inputs);
        pass.Embed(set["e"], pass.Batch.Ids, x);
        return x;
    }
}
