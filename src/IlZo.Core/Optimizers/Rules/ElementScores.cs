using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// The scores of <see cref="CurvZoElements"/>, a rule that leaves weights where they are: given v it moves the score of each element that
/// is not 0 to Sᵢ ← Sᵢ + β(Δ²vᵢ² − Sᵢ). What is kept is Sᵢ − 1, because all are 1 at first.
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

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(new ScoreLaw<T, TMath>(Square), ElementNumbers.Of(State));

    protected override void Dispose(bool disposing) => State.Dispose();
}

/// <summary>e ← e + β(gv² − (e + 1)) where the given v is not 0, and θ stays.</summary>
internal readonly struct ScoreLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _square;

    /// <param name="square">g.</param>
    public ScoreLaw(float square) => _square = square;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        var (v, excess) = (element.Gradient, element.First);
        var score = TMath.Add(excess, TMath.Broadcast(1));
        var change = TMath.FusedMultiplyAdd(TMath.Multiply(TMath.Broadcast(_square), v), v, TMath.Subtract(default, score));
        var grown = TMath.FusedMultiplyAdd(TMath.Broadcast(ElementScores.Beta), change, excess);
        element.First = TMath.SelectBelow(default, TMath.Abs(v), grown, excess);
        return element;
    }
}
