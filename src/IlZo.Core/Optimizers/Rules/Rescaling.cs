using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>SGD, and then θ ← θ + (ρ − 1)(θ − θ⁰) for the tensors that have a ratio ρ.</summary>
/// <param name="weightDecay">λ.</param>
/// <param name="start">θ⁰.</param>
/// <param name="changes">ρ − 1.</param>
internal sealed class Rescaling(
    WeightDecay weightDecay, Lazy<BaseWeights> start, IReadOnlyDictionary<Parameter, float> changes) : UpdateRule(weightDecay)
{
    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor)
    {
        if (changes.TryGetValue(parameter, out float change) && change != 0)
        {
            visitor.Visit(new RescalingLaw<T, TMath>(change, step), ElementNumbers.Of(start.Value));
        }
        else
        {
            visitor.Visit(step);
        }
    }
}

/// <summary>A step, and then θ ← θ + (ρ − 1)(θ − θ⁰), where θ⁰ is the element's number.</summary>
internal readonly struct RescalingLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _change;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="change">ρ − 1.</param>
    /// <param name="step">k and η.</param>
    public RescalingLaw(float change, StepLaw<T, TMath> step)
    {
        _change = change;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        var moved = _step.Move(element.Weight, element.Gradient);
        element.Weight = TMath.FusedMultiplyAdd(TMath.Subtract(moved, element.First), TMath.Broadcast(_change), moved);
        return element;
    }
}
