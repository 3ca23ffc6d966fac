using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>The rule of <see cref="ConMezo"/>: θ ← θ − η(ĝ + λθ), and m ← βm + (1 − β)ĝ for the next step's direction alone.</summary>
/// <param name="settings">The tensors and λ; the option beta (β).</param>
internal sealed class ConeMomentum(OptimizerSettings settings) : UpdateRule(settings.WeightDecay)
{
    private readonly double _beta = settings.Options.Number("beta", 0.99, 0, 0.999999);

    public override long StateBytes => State.ByteCount;

    /// <summary>m.</summary>
    internal ParameterState State { get; } = new(settings.Parameters.Trained);

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(new ConeLaw<T, TMath>((float)_beta, (float)(1 - _beta), step), ElementNumbers.Of(State));

    protected override void Dispose(bool disposing) => State.Dispose();
}

/// <summary>θ ← kθ − ηĝ, m ← βm + (1 − β)ĝ.</summary>
internal readonly struct ConeLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _keep;
    private readonly float _rest;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="keep">β.</param>
    /// <param name="rest">1 − β.</param>
    /// <param name="step">k and η.</param>
    public ConeLaw(float keep, float rest, StepLaw<T, TMath> step)
    {
        _keep = keep;
        _rest = rest;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        element.Weight = _step.Move(element.Weight, element.Gradient);
        element.First = TMath.FusedMultiplyAdd(
            element.Gradient, TMath.Broadcast(_rest), TMath.Multiply(element.First, TMath.Broadcast(_keep)));
        return element;
    }
}
