using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// An orthonormal basis A for the inputs of each linear layer, as a record has them, and directions R Aᵀ of fresh normal R along them. A
/// record has a number for each trained tensor, 0 for one without a basis and else 1 + 2b + s: the number b of its basis, of which layers
/// with the same inputs have one, numbered as they come; and s = 1 where its inputs are its rows, as in GPT-2. Then there are the bases
/// (<see cref="PackedBases"/>), of min(r, n) vectors of n elements each.
/// </summary>
internal sealed class InputBases
{
    private readonly OptimizerSettings _settings;
    private readonly float[]?[] _bases;

    // Of matrices whose inputs are columns: A, column by column. Of those whose inputs are rows: A, row by row.
    private readonly float[]?[] _columns;
    private readonly float[]?[] _rows;

    private InputBases(OptimizerSettings settings, int[] layers, float[][] bases)
    {
        _settings = settings;
        _bases = new float[]?[layers.Length];
        _columns = new float[]?[layers.Length];
        _rows = new float[]?[layers.Length];
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i] > 0)
            {
                var (basis, layout) = Place(layers[i]);
                _bases[i] = bases[basis];
                if (layout == WeightLayout.OutIn)
                {
                    _columns[i] = bases[basis];
                }
                else
                {
                    _rows[i] = Transposed(bases[basis], settings.Parameters.Trained[i].Rows);
                }
            }
        }
    }

    /// <summary>What a record has of bases.</summary>
    /// <param name="layers">The layout of each trained tensor with a basis, and which it is.</param>
    /// <param name="bases">The vectors of each basis one after another, and how long they are.</param>
    public static double[] Pack(
        IReadOnlyList<(WeightLayout Layout, int Basis)?> layers, IReadOnlyList<(float[] Vectors, int Length)> bases) =>
    [
        .. layers.Select(l => l is { } layer ? 1.0 + (2 * layer.Basis) + (layer.Layout == WeightLayout.InOut ? 1 : 0) : 0),
        .. PackedBases.Pack(bases),
    ];

    /// <summary>Reads the bases of a record.</summary>
    /// <param name="settings">The tensors, and how many coefficients come first.</param>
    /// <param name="step">The record's number.</param>
    /// <param name="coefficients">Its coefficients.</param>
    /// <param name="rank">r.</param>
    /// <exception cref="InvalidInputException">There are not as many coefficients as that takes, or one is none of these.</exception>
    public static InputBases Read(OptimizerSettings settings, long step, double[] coefficients, int rank)
    {
        var trained = settings.Parameters.Trained;
        if (coefficients.Length < settings.Queries + trained.Count)
        {
            throw new InvalidInputException(
                $"Step {step} has {coefficients.Length} coefficients; {settings.Queries + trained.Count} or more were expected of this "
                    + "optimizer.");
        }

        int[] layers = new int[trained.Count];
        var shapes = new List<(int Count, int Length)>();
        for (int i = 0; i < layers.Length; i++)
        {
            double number = coefficients[settings.Queries + i];
            int most = LazyFactors.IsMatrix(trained[i]) ? 2 * (shapes.Count + 1) : 0;
            if (!(number >= 0 && number <= most && number == Math.Floor(number)))
            {
                throw Wrong(step, coefficients, settings.Queries + i, $"a whole number from 0 to {most}");
            }

            layers[i] = (int)number;
            if (layers[i] > 0)
            {
                var (basis, layout) = Place(layers[i]);
                int length = layout.InputsOf(trained[i]);
                if (basis == shapes.Count)
                {
                    shapes.Add((Math.Min(rank, length), length));
                }
                else if (shapes[basis].Length != length)
                {
                    throw Wrong(step, coefficients, settings.Queries + i, $"a basis of {length} elements, which that is not,");
                }
            }
        }

        int first = settings.Queries + layers.Length;
        StepRecord.RequireCoefficients(
            step, coefficients, checked(first + PackedBases.NumbersOf(shapes.Sum(s => (long)s.Count * s.Length))));
        float[][] bases = PackedBases.Unpack(coefficients.AsSpan(first), shapes, out int wrong);
        return wrong < 0
            ? new InputBases(settings, layers, bases)
            : throw Wrong(step, coefficients, first + wrong, "a whole number of six bytes from 0 to 254");
    }

    /// <summary>The vectors of a tensor's basis one after another; null for one without.</summary>
    public float[]? Of(Parameter parameter) => _bases[parameter.Index];

    /// <summary>R Aᵀ, or A Rᵀ where inputs are rows, of a query of a step; what is ordinary where there is no basis.</summary>
    public Direction Direction(long step, int query)
    {
        var key = new NoiseKey(_settings.Seed, NoiseStream.FreshFactor, (uint)step, (uint)query);
        var others = _settings.Direction(step, query);
        if (Array.Exists(_rows, r => r is not null))
        {
            others = new LowRankDirection(new KeptFactor(_rows), [.. _settings.Parameters.Trained.Select(p => Fresh(key, p))], others);
        }

        return new LowRankDirection(new FreshFactor(key), _columns, others);
    }

    // R of a matrix whose inputs are rows, column by column.
    private float[]? Fresh(NoiseKey key, Parameter p) =>
        _rows[p.Index] is { } rows ? LazyFactors.Vectors(key, p, rows.Length / p.Rows, p.Columns) : null;

    private static (int Basis, WeightLayout Layout) Place(int layer) =>
        ((layer - 1) / 2, layer % 2 == 0 ? WeightLayout.InOut : WeightLayout.OutIn);

    private static float[] Transposed(float[] vectors, int length)
    {
        int count = vectors.Length / length;
        float[] rows = new float[vectors.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = vectors[(i % count * length) + (i / count)];
        }

        return rows;
    }

    private static InvalidInputException Wrong(long step, double[] coefficients, int index, string expected) =>
        new(FormattableString.Invariant($"Step {step} has {coefficients[index]:R} as coefficient {index}; {expected} was expected."));
}
