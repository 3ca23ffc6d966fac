using IlZo.Checkpoints;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>
/// Makes a checkpoint with an untrained classification head of a language model's, which loads here and as transformers'
/// …ForSequenceClassification.
/// </summary>
internal static class ClassificationCheckpoint
{
    /// <summary>What the architectures of such checkpoints end with.</summary>
    internal const string Suffix = "ForSequenceClassification";

    // transformers' initializer_range where a configuration names none.
    private const double DefaultDeviation = 0.02;

    private static readonly string[] s_languageModels = ["ForCausalLM", "ForMaskedLM", "LMHeadModel", "Model"];

    // What describes the head in config.json.
    private static readonly string[] s_headFields =
        ["architectures", "id2label", "label2id", "num_labels", EncoderConfig.PoolingField];

    /// <summary>
    /// Writes a model's weights without its own head and with one whose weights are normally distributed, with the configuration's
    /// deviation, and whose biases are 0; layers of it that the model was pretrained with are as they are.
    /// </summary>
    /// <param name="model">A language model, or an encoder without a head.</param>
    /// <param name="labels">The names of the classes, in the order of their logits.</param>
    /// <param name="seed">Decides the head's weights.</param>
    /// <param name="folder">The folder to create; it may exist and be empty.</param>
    /// <param name="pooling">What the head reads; averages are for encoders.</param>
    /// <exception cref="InvalidInputException">
    /// The model has a classification head or cannot have this one, or the folder holds something.
    /// </exception>
    /// <exception cref="IOException">Writing failed; nothing is left.</exception>
    public static void Write(LanguageModel model, IReadOnlyList<string> labels, uint seed, string folder, Pooling pooling = Pooling.Token)
    {
        if (model.Kind == ModelKind.Classifier)
        {
            throw new InvalidInputException($"'{model.Checkpoint.DisplayName}' has a classification head already "
                + $"({model.Shape.Architecture}); a language model was expected.");
        }

        if (pooling == Pooling.Mean && !model.IsBidirectional)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' is a {model.Shape.Architecture}, whose last token's state knows the whole text; an "
                    + "encoder was expected for a head that reads the mean of states.");
        }

        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target))
        {
            throw NotEmpty(folder);
        }

        using var head = new HeadWeights(model, model.ClassificationTensors(labels.Count, pooling), seed);
        TensorEntry[] tensors =
            [.. model.Backbone.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => TensorEntry.Of(p.Value, p.Key)), .. head.Tensors];
        FolderSwap.Replace(
            target,
            existing =>
            {
                if (Directory.EnumerateFileSystemEntries(existing).Any())
                {
                    throw NotEmpty(folder);
                }
            },
            fresh =>
            {
                var metadata = new Dictionary<string, string> { ["format"] = "pt" };
                SafetensorsWriter.Write(Path.Combine(fresh, CheckpointFolder.SingleFileName), tensors, metadata);
                AtomicFile.WriteAllBytes(Path.Combine(fresh, CheckpointFolder.ConfigFileName), Config(model, labels, pooling));
                CheckpointSaver.CopyFiles(model.Checkpoint, fresh);
            });
    }

    /// <summary>The class in transformers that has a classification head in place of a language model's own.</summary>
    internal static string Architecture(string languageModel)
    {
        string suffix = Array.Find(s_languageModels, s => languageModel.EndsWith(s, StringComparison.Ordinal)) ?? string.Empty;
        return languageModel[..^suffix.Length] + Suffix;
    }

    private static InvalidInputException NotEmpty(string folder) =>
        new($"'{folder}' exists and is not an empty folder; a new folder was expected.");

    private static byte[] Config(LanguageModel model, IReadOnlyList<string> labels, Pooling pooling) => CheckpointSaver.Rewrite(writer =>
    {
        writer.WriteStartArray("architectures");
        writer.WriteStringValue(Architecture(model.Shape.Architecture));
        writer.WriteEndArray();
        foreach (var property in model.Checkpoint.ConfigJson.EnumerateObject().Where(p => !s_headFields.Contains(p.Name)))
        {
            property.WriteTo(writer);
        }

        if (pooling == Pooling.Mean)
        {
            writer.WriteString(EncoderConfig.PoolingField, EncoderConfig.MeanPooling);
        }

        writer.WriteStartObject("id2label");
        for (int i = 0; i < labels.Count; i++)
        {
            writer.WriteString($"{i}", labels[i]);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("label2id");
        for (int i = 0; i < labels.Count; i++)
        {
            writer.WriteNumber(labels[i], i);
        }

        writer.WriteEndObject();
    });

    // A configuration's deviation of initial weights; OPT has its own name for it.
    private static double Deviation(CheckpointFolder checkpoint)
    {
        var config = new ConfigReader($"'{Path.Combine(checkpoint.DisplayName, CheckpointFolder.ConfigFileName)}'", checkpoint.ConfigJson);
        return config.Number(config.Has("init_std") ? "init_std" : "initializer_range", DefaultDeviation);
    }

    // The tensors of the head, in the type of the model's weights, or in fp32 where those are in blocks.
    private sealed unsafe class HeadWeights : IDisposable
    {
        private readonly List<IDisposable> _memory = [];

        public HeadWeights(LanguageModel model, IReadOnlyList<HeadTensor> head, uint seed)
        {
            var type = model.Parameters.All.First(p => p.Role.Part == ModelPart.TokenEmbedding).Type;
            type = type.IsBlocked() ? DType.F32 : type;
            float deviation = (float)Deviation(model.Checkpoint);
            Tensors =
            [
                .. head.Select((tensor, i) =>
                {
                    var wide = tensor.Pretrained is { } pretrained
                        ? Checked(pretrained, tensor)
                        : Initialized(tensor, new NoiseKey(seed, NoiseStream.Initialization, 0, 0), i, deviation);
                    var parameter = WeightLoader.ToParameter(wide, type, _memory);
                    WeightLoader.RequireFinite(parameter, wide.File);
                    return TensorEntry.Of(parameter, tensor.Name);
                }),
            ];
        }

        public IReadOnlyList<TensorEntry> Tensors { get; }

        public void Dispose() => _memory.ForEach(m => m.Dispose());

        private TensorEntry Initialized(HeadTensor tensor, NoiseKey key, int index, float deviation)
        {
            long count = tensor.Shape.Aggregate((a, b) => checked(a * b));
            var values = new NativeBuffer(count * sizeof(float));
            _memory.Add(values);
            if (tensor.Shape.Count == 2)
            {
                var normal = new Span<float>(values.Data, checked((int)count));
                NoiseField.FillNormal(key, index, 0, normal);
                System.Numerics.Tensors.TensorPrimitives.Multiply(normal, deviation, normal);
            }

            return new TensorEntry(string.Empty, tensor.Name, StoredType.Name(DType.F32), tensor.Shape, values.Data);
        }

        private static TensorEntry Checked(TensorEntry stored, HeadTensor expected) => stored.Shape.SequenceEqual(expected.Shape)
            ? stored
            : throw new InvalidInputException(
                $"'{stored.File}': tensor '{stored.Name}' has shape [{string.Join(", ", stored.Shape)}]; "
                    + $"[{string.Join(", ", expected.Shape)}] was expected from config.json.");
    }
}
