using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Kernels.TensorCores;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

internal sealed partial class GpuPass
{
    public void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn)
    {
        using var use = EnterPass();
        layout.RequireFit(weight, x, y);
        bool isPrepared = ProductPlan.IsPrepared(_device.Kernels.Products, x.Tokens, y.Features);
        var from = RentOperand(Own(x), isPrepared);
        var to = Own(y);
        var biases = RentRows(bias);
        foreach (var run in _device.Runs)
        {
            var arguments = new LinearArguments
            {
                Outputs = y.Features,
                Inputs = x.Features,
                Transposed = layout == WeightLayout.InOut ? 1 : 0,
                Tokens = x.Tokens,
                X0 = from.Probe(run.First),
                X1 = run.AreTwo ? from.Probe(run.First + 1) : default,
                Y0 = to.Probe(run.First),
                Y1 = run.AreTwo ? to.Probe(run.First + 1) : default,
                Bias0 = OfProbe(biases.View, run.First, y.Features),
                Bias1 = run.AreTwo ? OfProbe(biases.View, run.First + 1, y.Features) : ArrayView<float>.Empty,
                Accumulate = accumulate ? 1 : 0,
            };
            Multiply(weight, run, activation, arguments, isPrepared);
        }

        ReturnRows(biases);
        ReturnOperand(from, x);
    }

    private static ArrayView<float> OfProbe(ArrayView<float> biases, int probe, int columns) =>
        biases.Length == 0 ? ArrayView<float>.Empty : biases.SubView((long)probe * columns, columns);

    // An activation as products read it: itself, or rows of cells in its place. The room goes back with ReturnOperand.
    private GpuActivation RentOperand(GpuActivation x, bool isPrepared)
    {
        int words = ProductPlan.WordsOfRow(_device.Kernels.Products, x.Features, isPrepared);
        if (words == 0)
        {
            return x;
        }

        var cells = Allocate(words, x.Tokens);
        _device.Kernels.LaunchItems(
            _device.Kernels.Products switch
            {
                ProductPrecision.SplitBFloat16 => RoundedInputs.Run<SplitOperands>,
                ProductPrecision.Half => RoundedInputs.Run<HalfOperands>,
                _ => RoundedInputs.Run<BFloat16Operands>,
            },
            (long)x.Rows * words,
            new RoundedInputsArguments
            {
                X = x.All,
                Y = cells.Contiguous,
                Rows = x.Rows,
                Inputs = x.Features,
                Words = words,
                InOrder = isPrepared ? 0 : 1,
            });
        return cells;
    }

    private void ReturnOperand(GpuActivation operand, Activation x)
    {
        if (operand != x)
        {
            _device.Arena.Return(operand.Block);
        }
    }

    private void Multiply(Parameter weight, ProbeRun run, ActivationFunction? activation, LinearArguments arguments, bool isPrepared) =>
        _device.Perturb(weight, run, new LinearLaunch(_device.Kernels, isPrepared ? _device.Operands : null, activation, arguments));
}
