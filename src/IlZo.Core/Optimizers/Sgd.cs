using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// θ ← θ − η(ĝ + λθ). Biases and norms do not decay.
/// Source: princeton-nlp/MeZO large_models/trainer.py, zo_update.
/// </summary>
/// <param name="weightDecay">λ, 0 in the published runs.</param>
public sealed class Sgd(double weightDecay = 0) : UpdateRule
{
    public override void Apply(Parameter parameter, Span<float> weights, ReadOnlySpan<float> gradient, double learningRate)
    {
        // −0 + 0·ĝ may be +0: without this a rate of zero would change bytes.
        if (learningRate == 0)
        {
            return;
        }

        if (weightDecay != 0 && Decays(parameter.Name))
        {
            TensorPrimitives.Multiply(weights, (float)(1 - (learningRate * weightDecay)), weights);
        }

        TensorPrimitives.FusedMultiplyAdd(gradient, (float)-learningRate, weights, weights);
    }

    private static bool Decays(string name) =>
        !name.Contains("bias", StringComparison.Ordinal)
        && !name.Contains("layer_norm", StringComparison.Ordinal)
        && !name.Contains("layernorm", StringComparison.Ordinal);
}
