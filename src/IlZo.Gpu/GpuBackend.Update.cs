using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

public sealed partial class GpuBackend
{
    public void Update(IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        var directions = estimate.Terms.Select(t => (Coefficient: (float)t.Coefficient, Direction: DeviceDirection.Of(t.Direction))).ToList();
        if (directions.Select(d => d.Direction.Kind).Distinct().Count() > 1)
        {
            throw new InvalidInputException("An update with directions of several kinds has no GPU kernel; directions of one kind were expected.");
        }

        // All terms of all tensors in one array, so that one copy carries them.
        var terms = new List<UpdateTerm>();
        var counts = new List<int>();
        foreach (var p in parameters)
        {
            var covering = directions.Where(d => d.Direction.KindOf(p) != DirectionKind.None).ToList();
            terms.AddRange(covering.Select(d => new UpdateTerm(d.Direction.Source(p), d.Coefficient)));
            counts.Add(covering.Count);
        }

        var sent = _uploads.Send<UpdateTerm>([.. terms]);
        int first = 0;
        for (int i = 0; i < parameters.Count; first += counts[i], i++)
        {
            var p = parameters[i];
            var arguments = new UpdateArguments
            {
                Weights = _weights[p],
                Rows = p.Rows,
                Columns = p.Columns,
                Terms = counts[i] == 0 ? ArrayView<UpdateTerm>.Empty : sent.SubView(first, counts[i]),
                Table = _table,
                Rounding = new NoiseSource(rounding, p.Id, p.Columns, 1),
            };
            var kind = counts[i] == 0 ? DirectionKind.None : directions[0].Direction.Kind;
            Update(p, rule, learningRate, kind, arguments);
            _weights.Change(p);
        }
    }

    private void Update(Parameter p, UpdateRule rule, double learningRate, DirectionKind kind, UpdateArguments arguments)
    {
        var step = new SgdRule(rule.Kept(p, learningRate) ?? 1, (float)learningRate);
        switch (rule)
        {
            case Sgd:
            case Momentum momentum when !momentum.Has(p):
                Launch(p, kind, arguments, step);
                break;
            case Momentum momentum:
                Launch(p, kind, arguments, new MomentumRule(_weights.State(rule, p, 0), momentum.Beta, step));
                break;
            case Adam adam:
                Launch(p, kind, arguments, new AdamRule(_weights.State(rule, p, 0), _weights.State(rule, p, 1), Numbers(adam), step));
                break;
            default:
                throw new InvalidInputException($"The update rule {rule.GetType().Name} has no GPU kernel; sgd, momentum or adam was expected.");
        }
    }

    private static AdamNumbers Numbers(Adam adam)
    {
        var n = adam.Numbers;
        return new AdamNumbers
        {
            Beta1 = n.Beta1,
            Rest1 = n.Rest1,
            Beta2 = n.Beta2,
            Rest2 = n.Rest2,
            Delta = n.Delta,
            Correction1 = n.Correction1,
            Correction2 = n.Correction2,
        };
    }

    private void Launch<TRule>(Parameter p, DirectionKind kind, UpdateArguments arguments, TRule rule)
        where TRule : struct, IRule =>
        Specialization.Choose(p.Type, kind, areTwo: false, new UpdateLaunch<TRule>(_kernels, arguments, rule));

    private readonly struct UpdateLaunch<TRule>(KernelLauncher kernels, UpdateArguments arguments, TRule rule) : IKernelVisitor
        where TRule : struct, IRule
    {
        public void Visit<TFormat, TDirection, TProbes>()
            where TFormat : struct, IWeightFormat
            where TDirection : struct, IDirection
            where TProbes : struct, IProbes
        {
            long blocks = (long)arguments.Rows * arguments.Rounding.GroupsPerRow * NoiseField.BlocksPerGroup;
            kernels.LaunchItems(Kernels.Update.Run<TFormat, TDirection, TRule>, blocks, arguments, rule);
        }
    }
}
