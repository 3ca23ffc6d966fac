using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Gpu.SelfTest;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>A product of random weights and activations, and what it must give: the sums in fp64.</summary>
internal static class ProductTrial
{
    /// <summary>Rows e [tokens, inputs] to look up, and a matrix w.</summary>
    public static ParameterSet Weights(DType type, WeightLayout layout, int tokens, int inputs, int outputs) =>
        RandomWeights.Create(type, ("e", [tokens, inputs]), ("w", layout == WeightLayout.OutIn ? [outputs, inputs] : [inputs, outputs]));

    /// <summary>The looked-up rows x and their product y on a new device, for each probe.</summary>
    public static (float[][] X, float[][] Y) Multiply(
        ProductPrecision precision, ParameterSet set, Probe[] probes, int tokens, WeightLayout layout)
    {
        using var device = TensorDevice.Create(precision);
        device.Backend.Load(set);
        return Multiply(device.Backend, set, probes, tokens, layout);
    }

    /// <summary>The same on a device that is there.</summary>
    public static (float[][] X, float[][] Y) Multiply(IBackend backend, ParameterSet set, Probe[] probes, int tokens, WeightLayout layout)
    {
        var pass = backend.Begin(Rows(tokens), probes);
        var x = pass.Rent(set["e"].Columns);
        var y = pass.Rent(layout == WeightLayout.OutIn ? set["w"].Rows : set["w"].Columns);
        pass.Embed(set["e"], [.. Enumerable.Range(0, tokens)], x);
        pass.Linear(x, set["w"], null, y, layout: layout);
        return (Read(pass, x, ProbePoints.Count(probes)), Read(pass, y, ProbePoints.Count(probes)));
    }

    /// <summary>The product in fp64 of weights as the processor's probes see them.</summary>
    public static double[][] Exact(ParameterSet set, Probe[] probes, float[][] x, WeightLayout layout)
    {
        using var processor = new CpuBackend(1);
        return Exact(processor, set, probes, x, layout);
    }

    /// <summary>The same with weights as another device's probes see them: looked-up rows, which have the same bits everywhere.</summary>
    public static double[][] Exact(IBackend backend, ParameterSet set, Probe[] probes, float[][] x, WeightLayout layout)
    {
        var weight = set["w"];
        var pass = backend.Begin(Rows(weight.Rows), probes);
        var rows = pass.Rent(weight.Columns);
        pass.Embed(weight, [.. Enumerable.Range(0, weight.Rows)], rows);
        float[][] w = Read(pass, rows, ProbePoints.Count(probes));
        int inputs = set["e"].Columns;
        int outputs = layout == WeightLayout.OutIn ? weight.Rows : weight.Columns;
        return [.. ProbePoints.Each(probes).Select(
            (_, p) => Enumerable.Range(0, x[p].Length / inputs * outputs).Select(i => Dot(p, i / outputs, i % outputs)).ToArray())];

        double Dot(int p, int token, int output)
        {
            double sum = 0;
            for (int k = 0; k < inputs; k++)
            {
                sum += (double)x[p][(token * inputs) + k] * w[p][layout == WeightLayout.OutIn
                    ? (output * inputs) + k
                    : (k * outputs) + output];
            }

            return sum;
        }
    }

    /// <summary>Root of the mean square difference, relative to that of the numbers.</summary>
    public static double Distance(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / expected.Sum(e => e * e));
    }

    /// <summary>What equal numbers have in common.</summary>
    public static int[] Bits(ReadOnlySpan<float> values) => Array.ConvertAll(values.ToArray(), BitConverter.SingleToInt32Bits);

    private static float[][] Read(IPass pass, Activation activation, int probes)
    {
        float[][] values = [.. Enumerable.Range(0, probes).Select(_ => new float[activation.Tokens * activation.Features])];
        for (int p = 0; p < probes; p++)
        {
            pass.Read(activation, p, values[p]);
        }

        return values;
    }

    private static TokenBatch Rows(int count)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[count]);
        return builder.Build();
    }
}
