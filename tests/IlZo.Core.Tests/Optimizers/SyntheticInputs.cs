using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Inputs of layers that are numbers of a test.</summary>
/// <param name="rows">H, row by row.</param>
/// <param name="features">Its columns.</param>
internal sealed class SyntheticInputs(double[] rows, int features) : LayerInputs
{
    public override int Features => features;

    /// <summary>HᵀH, by its definition.</summary>
    public double[,] Square()
    {
        double[,] square = new double[features, features];
        for (int start = 0; start < rows.Length; start += features)
        {
            for (int i = 0; i < features; i++)
            {
                for (int j = 0; j < features; j++)
                {
                    square[i, j] += rows[start + i] * rows[start + j];
                }
            }
        }

        return square;
    }

    public override void MultiplySquare(ReadOnlySpan<float> vectors, Span<float> products)
    {
        double[,] square = Square();
        for (int i = 0; i < vectors.Length; i++)
        {
            double sum = 0;
            for (int j = 0; j < features; j++)
            {
                sum += square[i % features, j] * vectors[(i / features * features) + j];
            }

            products[i] = (float)sum;
        }
    }

    /// <summary>Normal numbers.</summary>
    public static SyntheticInputs Normal(uint number, int tokens, int features)
    {
        float[] values = new float[tokens * features];
        NoiseField.FillNormal(new NoiseKey(21, NoiseStream.Initialization, number, 0), 0, 0, values);
        return new([.. values.Select(v => (double)v)], features);
    }

    /// <summary>Shows an input of its own for each trained matrix: of its columns, or of its rows where there is an odd number.</summary>
    public static void Show(ParameterSet parameters, IInputObserver observer)
    {
        foreach (var p in parameters.Trained.Where(p => p.Shape.Count == 2))
        {
            var layout = p.Index % 2 == 0 ? WeightLayout.OutIn : WeightLayout.InOut;
            observer.Multiplied(p, layout, Normal((uint)p.Index, 5, layout.InputsOf(p)));
        }
    }
}

/// <summary>Losses of a function, and inputs beside them as if it had layers.</summary>
/// <param name="losses">The losses.</param>
/// <param name="show">Shows an observer inputs.</param>
internal sealed class LossesWithInputs(ILossOracle losses, Action<IInputObserver> show) : ILossOracle
{
    public IWeightSums Sums => losses.Sums;

    public bool HasDerivatives => losses.HasDerivatives;

    /// <summary>How often inputs were asked for.</summary>
    public int Shown { get; private set; }

    public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => losses.Losses(probes, draw);

    public double[] LossesOfAll(IReadOnlyList<Probe> probes) => losses.LossesOfAll(probes);

    double ILossOracle.Loss(IInputObserver observer)
    {
        Shown++;
        show(observer);
        return losses.Losses([Probe.Unperturbed])[0];
    }
}
