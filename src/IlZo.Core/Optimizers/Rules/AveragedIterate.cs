using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// The averaged iterate of <see cref="KerZooSource"/>, c ← c − ηĝ and x ← x + (c − x)/β, where the weights are x and c − x is kept: with
/// u = c − x − ηĝ, x moves by u/β and c − x becomes u(1 − 1/β).
/// </summary>
internal sealed class AveragedIterate(OptimizerSettings settings) : UpdateRule(settings.WeightDecay)
{
    public override long StateBytes => Ahead.ByteCount;

    /// <summary>The step that is under way.</summary>
    public long Step { get; set; }

    /// <summary>c − x.</summary>
    internal ParameterState Ahead { get; } = new(settings.Parameters.Trained);

    /// <summary>1/β.</summary>
    internal float Share => (float)(1 / (1 + ((Step - 1) / 6.0)));

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(new AveragedIterateLaw<T, TMath>(Share, step), ElementNumbers.Of(Ahead));

    protected override void Dispose(bool disposing) => Ahead.Dispose();
}

/// <summary>d ← d − ηĝ, θ ← kθ + sd, d ← (1 − s)d.</summary>
internal readonly struct AveragedIterateLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _share;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="share">s.</param>
    /// <param name="step">k and η; with a rate of 0 nothing changes.</param>
    public AveragedIterateLaw(float share, StepLaw<T, TMath> step)
    {
        _share = share;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        if (_step.Rate == 0)
        {
            return element;
        }

        var ahead = TMath.FusedMultiplyAdd(element.Gradient, _step.Back, element.First);
        element.Weight = TMath.FusedMultiplyAdd(ahead, TMath.Broadcast(_share), TMath.Multiply(element.Weight, _step.Kept));
        element.First = TMath.Multiply(ahead, TMath.Broadcast(1 - _share));
        return element;
    }
}
