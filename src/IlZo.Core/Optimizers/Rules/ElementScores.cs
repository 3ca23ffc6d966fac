using IlZo.Arithmetic;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// The scores of <see cref="CurvZoElements"/>, a rule that leaves weights where they are: given v it moves the score of each element that is
/// not 0 to Sᵢ ← Sᵢ + β(Δ²vᵢ² − Sᵢ). What is kept is Sᵢ − 1, because all are 1 at first.
/// </summary>
/// <param name="parameters">The tensors.</param>
internal sealed class ElementScores(IEnumerable<Parameter> parameters) : UpdateRule(0)
{
    /// <summary>β.</summary>
    internal const float Beta = 0.1f;

    public override long StateBytes => State.ByteCount;

    /// <summary>Δ², in the unit of the scores.</summary>
    public float Square { get; set; }

    /// <summary>Sᵢ − 1.</summary>
    internal ParameterState State { get; } = new(parameters);

    public override void Apply(in WeightSlice slice, Span<float> weights, Span<float> gradient, double learningRate)
    {
        var scores = State.At(slice, gradient.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            if (gradient[i] != 0)
            {
                float change = FusedArithmetic.MultiplyAdd(Square * gradient[i], gradient[i], -(scores[i] + 1));
                scores[i] = FusedArithmetic.MultiplyAdd(Beta, change, scores[i]);
            }
        }
    }

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
    }

    protected override void Dispose(bool disposing) => State.Dispose();
}
