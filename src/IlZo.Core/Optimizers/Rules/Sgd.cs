using IlZo.Arithmetic;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// θ ← θ − η(ĝ + λθ).
/// Source: princeton-nlp/MeZO large_models/trainer.py, zo_update.
/// </summary>
/// <param name="weightDecay">λ, 0 in the published runs.</param>
public sealed class Sgd(WeightDecay? weightDecay = null) : UpdateRule(weightDecay ?? 0)
{
    internal override bool FollowsFromRecords => true;

    /// <inheritdoc/>
    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(step);
}
