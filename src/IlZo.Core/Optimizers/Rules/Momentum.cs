using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// Heavy-ball momentum without damping: m ← βm + ĝ, θ ← θ − η(m + λθ). The effective step is η/(1 − β), so a rate that suits SGD is
/// to be divided by about ten.
/// Source: ZO-Bench/ZO-LLM (arXiv 2402.11592), ZO-SGD-MMT with β = 0.9; the same rule is in hseung88/loren, for matrices only.
/// </summary>
/// <remarks>Cost: nothing in forwards and noise; 4 bytes for each element that has momentum.</remarks>
/// <param name="parameters">The tensors that have momentum; others move by ĝ.</param>
/// <param name="beta">β.</param>
/// <param name="weightDecay">λ.</param>
public sealed class Momentum(IEnumerable<Parameter> parameters, double beta, WeightDecay weightDecay) : UpdateRule(weightDecay)
{
    private readonly ParameterState _m = new(parameters);

    /// <summary>LOREN's rule: matrices have momentum, and nothing where the option beta is 0.</summary>
    internal static UpdateRule OfMatrices(OptimizerSettings settings)
    {
        double beta = settings.Options.Number("beta", 0.9, 0, 1);
        return beta == 0
            ? new Sgd(settings.WeightDecay)
            : new Momentum(settings.Parameters.Trained.Where(p => p.Shape.Count == 2), beta, settings.WeightDecay);
    }

    /// <inheritdoc/>
    public override long StateBytes => _m.ByteCount;

    internal override bool FollowsFromRecords => true;

    /// <inheritdoc/>
    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor)
    {
        if (_m.Has(parameter))
        {
            visitor.Visit(new MomentumLaw<T, TMath>((float)beta, step), ElementNumbers.Of(_m));
        }
        else
        {
            visitor.Visit(step);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _m.Dispose();
}

/// <summary>m ← βm + ĝ, θ ← kθ − ηm.</summary>
internal readonly struct MomentumLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _beta;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="beta">β.</param>
    /// <param name="step">k and η.</param>
    public MomentumLaw(float beta, StepLaw<T, TMath> step)
    {
        _beta = beta;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        element.First = TMath.FusedMultiplyAdd(element.First, TMath.Broadcast(_beta), element.Gradient);
        element.Weight = _step.Move(element.Weight, element.First);
        return element;
    }
}
