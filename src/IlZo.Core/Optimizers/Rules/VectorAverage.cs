using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>m ← βm + (1 − β)ĝ, θ ← θ − η(m + λθ) for vectors; matrices move by ĝ, which is an average already.</summary>
/// <param name="vectors">The vectors.</param>
/// <param name="weightDecay">λ.</param>
internal sealed class VectorAverage(IEnumerable<Parameter> vectors, WeightDecay weightDecay) : UpdateRule(weightDecay)
{
    public override long StateBytes => State.ByteCount;

    /// <summary>β.</summary>
    public double Keep { get; set; }

    /// <summary>m.</summary>
    internal ParameterState State { get; } = new(vectors);

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor)
    {
        if (State.Has(parameter))
        {
            visitor.Visit(new AverageLaw<T, TMath>((float)Keep, (float)(1 - Keep), step), ElementNumbers.Of(State));
        }
        else
        {
            visitor.Visit(step);
        }
    }

    protected override void Dispose(bool disposing) => State.Dispose();
}

/// <summary>m ← βm + (1 − β)ĝ, θ ← kθ − ηm.</summary>
internal readonly struct AverageLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _keep;
    private readonly float _rest;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="keep">β.</param>
    /// <param name="rest">1 − β.</param>
    /// <param name="step">k and η.</param>
    public AverageLaw(float keep, float rest, StepLaw<T, TMath> step)
    {
        _keep = keep;
        _rest = rest;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        element.First = TMath.FusedMultiplyAdd(
            element.Gradient, TMath.Broadcast(_rest), TMath.Multiply(element.First, TMath.Broadcast(_keep)));
        element.Weight = _step.Move(element.Weight, element.First);
        return element;
    }
}
