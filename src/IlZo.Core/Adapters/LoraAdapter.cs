using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// LoRA: y = Wx + b + s·B(Ax) for some linear layers, with W and b frozen. A [rank, in] starts uniform in ±1/√in, which is Kaiming's
/// uniform start with a = √5, and B [out, rank] at zero, so that the model starts as it was. s is α/rank, or α/√rank where it is
/// rank-stabilized. Source: Hu et al. 2021, arXiv 2106.09685; Kalajdzievski 2023, arXiv 2312.03732; huggingface/peft
/// src/peft/tuners/lora/layer.py.
/// </summary>
internal sealed class LoraAdapter : Adapter
{
    private const string FactorA = ".lora_A.weight";
    private const string FactorB = ".lora_B.weight";

    private readonly IReadOnlyList<(Linear Linear, LoraFactors Factors)> _layers;
    private readonly bool _rankStabilized;

    /// <param name="model">The model.</param>
    /// <param name="targets">The layers that get factors.</param>
    /// <param name="rank">Rows of A.</param>
    /// <param name="alpha">α.</param>
    /// <param name="rankStabilized">Whether s is α/√rank.</param>
    /// <param name="source">What messages call the place of the targets; null for the option.</param>
    /// <exception cref="InvalidInputException">A target is no layer of the model.</exception>
    public LoraAdapter(
        LanguageModel model, TargetModules targets, int rank, double alpha, bool rankStabilized = false, string? source = null)
        : base(model, Tensors(model, targets.In(model, source ?? Setting.Targets), rank))
    {
        Targets = targets;
        Rank = rank;
        Alpha = alpha;
        _rankStabilized = rankStabilized;
        _layers =
        [
            .. targets.In(model, source ?? Setting.Targets).Select((module, i) =>
                (model.Linears[module], new LoraFactors(Parameters[2 * i], Parameters[(2 * i) + 1], (float)Scale))),
        ];
    }

    public TargetModules Targets { get; }

    public int Rank { get; }

    public double Alpha { get; }

    /// <summary>s.</summary>
    public double Scale => Alpha / (_rankStabilized ? Math.Sqrt(Rank) : Rank);

    /// <summary>Whether the layers keep their weights as [in, out]; the factors do not.</summary>
    public bool IsTransposed => _layers.Any(layer => layer.Linear.Layout == WeightLayout.InOut);

    /// <summary>Reads an adapter in PEFT's format.</summary>
    internal static LoraAdapter Load(
        LanguageModel model, PeftFolder saved, TargetModules targets, int rank, double alpha, bool rankStabilized)
    {
        string source = $"{saved.ConfigPath}: target_modules";
        var head = SavedHead.Of(saved, model);
        saved.RequireShapes(
            $"r is {rank}",
            [
                .. Tensors(model, targets.In(model, source), rank).Select(
                    t => (PeftFolder.ModulePrefix + t.Name, (IReadOnlyList<long>)[t.Rows, t.Columns])),
                .. SavedHead.Shapes(head),
            ]);
        var adapter = new LoraAdapter(model, targets, rank, alpha, rankStabilized, source) { Head = head };
        try
        {
            if (!float.IsNormal((float)adapter.Scale))
            {
                throw new InvalidInputException(
                    $"{saved.ConfigPath}: lora_alpha is {alpha:R} and r is {rank}; a scale that fp32 can hold was expected of them.");
            }

            SavedHead.Read(saved, head);
            foreach (var parameter in adapter.Parameters)
            {
                saved.Read(PeftFolder.ModulePrefix + parameter.Name, Values(parameter));
            }
        }
        catch
        {
            adapter.Dispose();
            throw;
        }

        return adapter;
    }

    internal override void Connect()
    {
        foreach (var (linear, factors) in _layers)
        {
            linear.Lora = factors;
        }
    }

    internal override void Disconnect()
    {
        foreach (var (linear, _) in _layers)
        {
            linear.Lora = null;
        }
    }

    /// <summary>
    /// Sets the tensors to their start; the numbers are those of the tensors' places in the model, so the adapter is attached before.
    /// </summary>
    internal void Initialize(ulong seed)
    {
        var key = new NoiseKey(seed, NoiseStream.Adapter, 0, 0);
        foreach (var (_, (a, b, _)) in _layers)
        {
            Values(b).Clear();
            ushort[] bits = new ushort[a.Columns];
            float bound = 1 / MathF.Sqrt(a.Columns);
            for (int row = 0; row < a.Rows; row++)
            {
                NoiseField.FillBits(key, a.Id, NoiseField.GroupOf(row, 0, a.Columns), bits);
                var values = Row(a, row);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = bound * (((2 * bits[i]) + 1 - 65536) * (1f / 65536));
                }
            }
        }
    }

    public override void Save(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default) =>
        LoraKind.Save(this, Model, _rankStabilized, folder, extraFiles, cancellation);

    /// <summary>Adds s·BA to the weights of the layers, rounded to nearest even in their type, and takes the factors away.</summary>
    /// <exception cref="InvalidInputException">A sum is outside the range of the type.</exception>
    internal override void Merge()
    {
        // A layer without its factors has been merged before.
        foreach (var (linear, factors) in _layers.Where(l => l.Linear.Lora is not null))
        {
            MergeInto(linear, factors);
            linear.Lora = null;
        }
    }

    // The order in which PEFT stores them.
    private static AdapterTensor[] Tensors(LanguageModel model, IReadOnlyList<string> modules, int rank) =>
    [
        .. modules.SelectMany(m =>
        {
            var (linear, weight) = (model.Linears[m], model.Linears[m].Weight);
            return new AdapterTensor[]
            {
                new(m + FactorA, weight.Role with { Kind = TensorKind.LoraA }, weight.Layer, rank, linear.Inputs),
                new(m + FactorB, weight.Role with { Kind = TensorKind.LoraB }, weight.Layer, linear.Outputs, rank),
            };
        }),
    ];

    // A row of the weight is an output's or an input's: one number of a factor times a row, or a column, of the other for each of the
    // ranks.
    private void MergeInto(Linear linear, LoraFactors factors)
    {
        var (weight, a, b) = (linear.Weight, factors.A, factors.B);
        if (weight.Type.IsBlocked())
        {
            throw new InvalidInputException(
                $"Tensor '{weight.Name}' is in blocks of {weight.Type.TorchName()}, to which nothing can be added; weights that "
                    + $"{Setting.DType} widens were expected.");
        }

        float[] row = new float[weight.Columns];
        float[] column = new float[weight.Columns];
        for (int i = 0; i < weight.Rows; i++)
        {
            WeightLoader.ReadRow(weight, i, row);
            for (int r = 0; r < Rank; r++)
            {
                if (linear.Layout == WeightLayout.OutIn)
                {
                    TensorPrimitives.FusedMultiplyAdd(Row(a, r), factors.Scale * Row(b, i)[r], row, row);
                    continue;
                }

                for (int o = 0; o < column.Length; o++)
                {
                    column[o] = Row(b, o)[r];
                }

                TensorPrimitives.FusedMultiplyAdd(column, factors.Scale * Row(a, r)[i], row, row);
            }

            WeightLoader.WriteRow(weight, i, row);
        }
    }
}
