using IlZo.Arithmetic.Blocks;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// QZO: the scales of a model's blocks, w = s·q, with the codes q frozen. There is a tensor of scales [rows, blocks of a row] for each
/// matrix whose blocks have one scale each; it is read in the place of the scales in the blocks, and starts at these, so that the model
/// starts as it was, bit for bit. Scales are in the unit of <see cref="BlockScales"/>. Those of blocks with two levels (Q4_K, Q6_K) stay
/// frozen. Source: Shang et al. 2025, arXiv 2505.13430; maifoundations/QZO large_language_models/trainer.py, which trains scales in their
/// stored type, keeps them above 1e-7 and has no weight decay for them.
/// </summary>
internal sealed unsafe class ScalesAdapter : Adapter
{
    private readonly IReadOnlyList<Parameter> _weights;

    /// <param name="model">A model with weights in blocks.</param>
    /// <exception cref="InvalidInputException">It has no blocks with one scale each.</exception>
    public ScalesAdapter(LanguageModel model)
        : base(model, Tensors(model))
    {
        _weights = Weights(model);
        foreach (var (weight, scales) in _weights.Zip(Parameters))
        {
            for (int row = 0; row < weight.Rows; row++)
            {
                BlockScales.Read(weight.Type, weight.RowAt(row), Row(scales, row));
            }
        }
    }

    /// <summary>Reads a saved adapter.</summary>
    internal static ScalesAdapter Load(LanguageModel model, PeftFolder saved)
    {
        var head = SavedHead.Of(saved, model);
        saved.RequireShapes(
            $"peft_type is {ScalesKind.Type}",
            [
                .. Tensors(model).Select(t => (PeftFolder.ModulePrefix + t.Name, (IReadOnlyList<long>)[t.Rows, t.Columns])),
                .. SavedHead.Shapes(head),
            ]);
        var adapter = new ScalesAdapter(model) { Head = head };
        try
        {
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

    public override void Save(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default) =>
        ScalesKind.Save(this, Model, folder, extraFiles, cancellation);

    internal override void Connect()
    {
        foreach (var (weight, scales) in _weights.Zip(Parameters))
        {
            weight.Scales = scales;
        }
    }

    internal override void Disconnect()
    {
        foreach (var weight in _weights)
        {
            weight.Scales = null;
        }
    }

    /// <summary>Stores the scales in the blocks, rounded to nearest even in their type, and takes the others away.</summary>
    /// <exception cref="InvalidInputException">A scale is outside the range of its type.</exception>
    internal override void Merge()
    {
        // A tensor without its scales has been merged before.
        foreach (var (weight, scales) in _weights.Zip(Parameters).Where(pair => pair.First.Scales is not null))
        {
            // It is not what was loaded any more, and giving its pages back would undo it.
            weight.LoadedHashes = null;
            weight.Place = null;
            for (int row = 0; row < weight.Rows; row++)
            {
                int overflow = BlockScales.Write(weight.Type, weight.RowAt(row), Row(scales, row));
                if (overflow >= 0)
                {
                    throw new InvalidInputException(
                        $"Tensor '{scales.Name}' has {Row(scales, row)[overflow]:R} at [{row}, {overflow}], which overflows the scale of a "
                            + $"block of {weight.Type.TorchName()}; a smaller one was expected.");
                }
            }

            weight.Scales = null;
        }
    }

    private static IReadOnlyList<Parameter> Weights(LanguageModel model) =>
        [.. model.Parameters.All.Where(p => BlockScales.Has(p.Type))];

    // The format is a part of the name, because scales of one are none of another.
    private static IReadOnlyList<AdapterTensor> Tensors(LanguageModel model)
    {
        AdapterTensor[] tensors =
        [
            .. Weights(model).Select(w => new AdapterTensor(
                $"{w.Name}.{w.Type.TorchName()}_scale",
                w.Role with { Kind = TensorKind.Scale },
                w.Layer,
                w.Rows,
                w.Columns / w.Type.Layout().BlockElements)),
        ];
        return tensors.Length > 0
            ? tensors
            : throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' has no weights in blocks with one scale each, which the adapter scales trains; a "
                    + "model in q8_0, q4_0, q4_z or nf4 was expected, such as quantize and import make.");
    }
}
