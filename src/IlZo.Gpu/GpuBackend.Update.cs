using System.Numerics;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using ILGPU;

namespace IlZo.Gpu;

internal sealed partial class GpuBackend
{
    public bool PutsUpdatesOff => _device.Weights.Streamed is not null;

    public void Update(
        IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        using var use = _use.Enter();
        UpdateHere(new WeightUpdate(parameters, estimate, rule, learningRate, rounding));

        // What the estimate and the rule are made of may be other numbers from here on.
        _device.Weights.Streamed?.Settle();
    }

    public void UpdateAll(IReadOnlyList<WeightUpdate> updates, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        for (int i = 0; i < updates.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            UpdateHere(updates[i]);
        }
    }

    private void UpdateHere(WeightUpdate update)
    {
        _device.Transfers.Reset();
        _device.Arrays.Forget();
        if (_device.Weights.Streamed is { } streamed)
        {
            streamed.Add([update]);
            update = update with { Parameters = streamed.Others(update.Parameters) };
        }

        Launch(update);
        for (int i = 0; i < update.Parameters.Count; i++)
        {
            _device.Weights.Change(update.Parameters[i]);
        }
    }

    private void Launch(WeightUpdate update)
    {
        using var heldRule = update.Rule.Hold();
        _device.Estimates.Compile(
            update.Parameters, update.Estimate, new Updater(this, update.Rule, update.LearningRate, update.Rounding));
    }

    public void Store(ParameterState state)
    {
        using var use = _use.Enter();
        _device.State.Store(state);
    }

    public void Keep(WeightCopy copy)
    {
        using var use = _use.Enter();
        _device.State.Keep(copy);
    }

    private readonly struct Updater(GpuBackend backend, UpdateRule rule, double learningRate, NoiseKey rounding) : IEstimateVisitor
    {
        public void Visit<TDirection>(Parameter parameter, Terms<TDirection> estimate)
            where TDirection : struct, IDirection
        {
            var arguments = new UpdateArguments<TDirection>
            {
                Weights = backend._device.Weights[parameter],
                Rows = parameter.Rows,
                Columns = parameter.Columns,
                Gradient = estimate,
                Rounding = new NoiseSource(rounding, parameter.Id, 1),
            };
            backend._device.Rules.Compile(
                rule, parameter, learningRate, new RuleChoice<TDirection>(backend._device.Kernels, parameter.Type, arguments));
        }
    }

    private readonly struct RuleChoice<TDirection>(KernelLauncher kernels, DType type, UpdateArguments<TDirection> arguments) : IRuleVisitor
        where TDirection : struct, IDirection
    {
        public void Visit<TRule>(TRule rule)
            where TRule : struct, IRule => Specialization.ChooseElements(
                type, new UpdateLaunch<TDirection, TRule>(kernels, arguments, rule));
    }

    private readonly struct UpdateLaunch<TDirection, TRule>(
        KernelLauncher kernels, UpdateArguments<TDirection> arguments, TRule rule) : IElementFormatVisitor
        where TDirection : struct, IDirection
        where TRule : struct, IRule
    {
        // Groups that take every n-th row: about twice as many as large GPUs can hold.
        private const int MaxGroups = 2048;

        // The limit of CUDA.
        private const int MaxGroupsDown = 65535;

        public void Visit<TFormat>()
            where TFormat : struct, IElementFormat
        {
            int blocks = NoiseBlock.BlocksOfRow(arguments.Columns);
            int power = Math.Min(BitOperations.TrailingZeroCount(blocks), BitOperations.Log2((uint)kernels.Shape.Threads));
            int rows = kernels.Shape.Threads >> power;
            int across = blocks >> power;
            int down = Math.Min((arguments.Rows + rows - 1) / rows, Math.Clamp(MaxGroups / across, 1, MaxGroupsDown));
            kernels.Launch(
                Kernels.Update.Run<TFormat, TDirection, TRule>, new Index3D(across, down, 1), rows << power, 0,
                arguments with { WidthPower = power }, rule);
        }
    }
}
