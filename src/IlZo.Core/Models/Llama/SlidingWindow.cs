namespace IlZo.Models.Llama;

/// <summary>Which layers see only the last positions of a text, and how many of them.</summary>
internal sealed class SlidingWindow
{
    // The default of Mistral's, Qwen's and Gemma 2's configuration.
    private const int DefaultSize = 4096;

    // Layers below the first windowed one in Qwen's.
    private const int DefaultFullLayers = 28;

    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    private readonly int? _size;
    private readonly bool[] _layers;

    /// <summary>Reads <c>sliding_window</c> and the fields that say where it holds.</summary>
    public SlidingWindow(ConfigReader config, WindowRule rule, int layers)
    {
        _layers = new bool[layers];
        switch (rule)
        {
            case WindowRule.None:
                config.Refuse("sliding_window", "layer_types");
                break;
            case WindowRule.All:
                config.Refuse("layer_types");
                _size = config.SizeOrNone("sliding_window", DefaultSize);
                Array.Fill(_layers, true);
                break;
            case WindowRule.Named:
                config.Refuse("layer_types");
                _size = config.Has("sliding_window") ? config.Size("sliding_window", 0, int.MaxValue) : null;
                Array.Fill(_layers, true);
                break;
            case WindowRule.Alternate:
                _size = config.SizeOrNone("sliding_window", DefaultSize);
                for (int i = 0; i < layers; i += 2)
                {
                    _layers[i] = true;
                }

                ReadTypes(config);
                break;
            default:
                _size = config.Flag("use_sliding_window", false) ? config.SizeOrNone("sliding_window", DefaultSize) : null;
                _layers.AsSpan(Math.Min(layers, config.Count("max_window_layers", DefaultFullLayers))).Fill(true);
                ReadTypes(config);
                break;
        }
    }

    /// <summary>How many positions a token of the layer sees, its own included, or null for all.</summary>
    public int? this[int layer] => _layers[layer] ? _size : null;

    private void ReadTypes(ConfigReader config)
    {
        if (config.Texts("layer_types") is not { } types)
        {
            return;
        }

        if (types.Count != _layers.Length)
        {
            throw new InvalidInputException(
                $"{config.Source}: layer_types has {types.Count} entries; one for each of {_layers.Length} layers was expected.");
        }

        for (int i = 0; i < types.Count; i++)
        {
            _layers[i] = types[i] switch
            {
                Full => false,
                Sliding => true,
                string other =>
                    throw new InvalidInputException($"{config.Source}: layer_types[{i}] is '{other}'; {Full} or {Sliding} was expected."),
            };
        }
    }
}
