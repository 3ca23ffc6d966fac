using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>How the weights of a linear layer lie in memory, row after row.</summary>
internal enum WeightLayout
{
    /// <summary>[out, in]: a row holds the weights of one output.</summary>
    OutIn,

    /// <summary>[in, out]: a row holds the weights of one input, as in GPT-2's Conv1D.</summary>
    InOut,
}

/// <summary>What a layout says of a weight's two dimensions.</summary>
internal static class WeightLayouts
{
    /// <summary>How many inputs a layer with this weight has.</summary>
    public static int InputsOf(this WeightLayout layout, Parameter weight) => layout == WeightLayout.OutIn ? weight.Columns : weight.Rows;

    /// <summary>How many outputs a layer with this weight has.</summary>
    public static int OutputsOf(this WeightLayout layout, Parameter weight) => layout == WeightLayout.OutIn ? weight.Rows : weight.Columns;

    /// <summary>Refuses activations that are not a layer's input and output.</summary>
    /// <exception cref="ArgumentException">They have other numbers of features.</exception>
    public static void RequireFit(this WeightLayout layout, Parameter weight, Activation x, Activation y)
    {
        int inputs = layout.InputsOf(weight);
        int outputs = layout.OutputsOf(weight);
        if (inputs != x.Features || outputs != y.Features)
        {
            throw new ArgumentException($"'{weight.Name}' maps {inputs} features to {outputs}, not {x.Features} to {y.Features}.");
        }
    }
}
