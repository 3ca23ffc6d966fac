using ILGPU;
using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Tensors;

namespace IlZo.Gpu;

internal sealed partial class GpuPass
{
    public void Embed(Parameter table, IReadOnlyList<int> rows, Activation y, bool accumulate = false)
    {
        using var use = EnterPass();
        Fit.Rows(table, rows, y);
        ReadRows(table, Send(rows), Own(y).Contiguous, accumulate);
    }

    public void LayerNorm(Activation x, Parameter? weight, Parameter? bias, float epsilon, Activation y) =>
        Normalize(x, weight, bias, epsilon, y, center: true);

    public void RmsNorm(Activation x, Parameter weight, float epsilon, Activation y, float offset = 0) =>
        Normalize(x, weight, null, epsilon, y, center: false, offset);

    public void Add(Activation x, Activation y) => Combine(x, y, Elementwise.Add);

    public void Apply(ActivationFunction function, Activation x)
    {
        using var use = EnterPass();
        var to = Own(x);
        Specialization.Choose(
            function, new ApplyLaunch(_device.Kernels, new ScaleArguments { X = to.All, Rows = to.Rows, Features = x.Features }));
    }

    public void Multiply(Activation x, Activation y) => Combine(x, y, Elementwise.Multiply);

    public void Scale(Activation x, float factor)
    {
        using var use = EnterPass();
        var to = Own(x);
        _device.Kernels.LaunchItems(
            Elementwise.Scale, (long)to.Rows * x.Features,
            new ScaleArguments { X = to.All, Rows = to.Rows, Features = x.Features, Factor = factor });
    }

    private void Combine(Activation x, Activation y, Action<PairArguments> kernel)
    {
        using var use = EnterPass();
        var to = Own(x);
        Fit.Same(x, y);
        _device.Kernels.LaunchItems(
            kernel, (long)to.Rows * x.Features, new PairArguments { X = to.All, Y = Own(y).All, Rows = to.Rows, Features = x.Features });
    }

    public void Rotate(Activation x, int heads, IRotaryFrequencies frequencies, int positionShift = 0)
    {
        using var use = EnterPass();
        int half = frequencies.Pairs;
        Fit.Rotation(x, heads, half);
        if (!_device.Rotations.TryGetValue((frequencies, positionShift), out var angles))
        {
            _device.Rotations[(frequencies, positionShift)] = angles = SendAngles(frequencies, half, positionShift);
        }

        var to = Own(x);
        _device.Kernels.LaunchItems(
            Elementwise.Rotate,
            (long)to.Rows * heads * half,
            new RotateArguments
            {
                X = to.All,
                Rows = to.Rows,
                Angles = angles,
                Tokens = x.Tokens,
                Heads = heads,
                Size = x.Features / heads,
                Half = half,
            });
    }

    private void Normalize(Activation x, Parameter? weight, Parameter? bias, float epsilon, Activation y, bool center, float offset = 0)
    {
        using var use = EnterPass();
        var from = Own(x);
        Fit.Norm(x, weight, bias, y);
        var weights = RentRows(weight);
        var biases = RentRows(bias);
        int threads = _device.Kernels.Shape.Threads;
        int size = weight?.Columns ?? x.Features;
        int parts = x.Features / size;
        _device.Kernels.Launch(Kernels.Normalize.Run, new Index3D(from.Rows * parts, 1, 1), threads, threads, new NormalizeArguments
        {
            X = from.All,
            Y = Own(y).All,
            Weight = weights.View,
            Bias = biases.View,
            Features = size,
            Parts = parts,
            Tokens = x.Tokens,
            Epsilon = epsilon,
            Center = center ? 1 : 0,
            Offset = offset,
        });
        ReturnRows(biases);
        ReturnRows(weights);
    }

    // Cosines and sines of each token and pair, [2, tokens, half], by the fp32 products that the reference library takes.
    private ArrayView<float> SendAngles(IRotaryFrequencies frequencies, int half, int shift)
    {
        int count = checked(_batch.Count * half);
        var staged = _device.Transfers.Stage<float>(checked(2 * count));
        var angles = staged.Values;
        for (int t = 0; t < _batch.Count; t++)
        {
            var frequency = frequencies.ForLength(_batch.TextLengths[t] + shift);
            for (int i = 0; i < half; i++)
            {
                float angle = (_batch.Positions[t] + shift) * frequency[i];
                angles[(t * half) + i] = (float)ElementaryFunctions.Cos(angle) * frequencies.AttentionFactor;
                angles[count + (t * half) + i] = (float)ElementaryFunctions.Sin(angle) * frequencies.AttentionFactor;
            }
        }

        return _device.Transfers.Send(staged);
    }

    /// <summary>
    /// All rows of a tensor at every probe, [probe, row, column]; nothing for none. The room goes back with <see cref="ReturnRows"/>.
    /// </summary>
    private DeviceArena.Block RentRows(Parameter? tensor)
    {
        if (tensor is null)
        {
            return default;
        }

        var block = _device.Arena.Rent(_points * tensor.Count);
        ReadRows(tensor, _device.Range.To(tensor.Rows), block.View, accumulate: false);
        return block;
    }

    private void ReturnRows(DeviceArena.Block block)
    {
        if (block.Room > 0)
        {
            _device.Arena.Return(block);
        }
    }

    private void ReadRows(Parameter table, ArrayView<int> rows, ArrayView<float> y, bool accumulate)
    {
        long size = rows.Length * table.Columns;
        foreach (var run in _device.Runs)
        {
            var arguments = new ReadRowsArguments
            {
                Rows = rows,
                Y0 = y.SubView(run.First * size, size),
                Y1 = run.AreTwo ? y.SubView((run.First + 1) * size, size) : ArrayView<float>.Empty,
                Accumulate = accumulate ? 1 : 0,
            };
            _device.Perturb(table, run, new ReadRowsLaunch(_device.Kernels, arguments));
        }
    }

    private readonly struct ApplyLaunch(KernelLauncher kernels, ScaleArguments arguments) : IActivationVisitor
    {
        public void Visit<TActivation>()
            where TActivation : struct, IActivation =>
            kernels.LaunchItems(Elementwise.Apply<TActivation>, (long)arguments.Rows * arguments.Features, arguments);
    }

    private readonly struct ReadRowsLaunch(KernelLauncher kernels, ReadRowsArguments arguments) : IWeightsVisitor
    {
        public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
            where TFormat : struct, IWeightFormat
            where TDirection : struct, IDirection
            where TProbes : struct, IProbes =>
            kernels.Launch(
                Kernels.ReadRows.Run<TFormat, TDirection, TProbes>,
                new Index3D((int)arguments.Rows.Length, 1, 1),
                kernels.Shape.Threads,
                0,
                weights,
                arguments);
    }
}
