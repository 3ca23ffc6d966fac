using IlZo.Backends;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>Adds adapters to models.</summary>
internal static class AdapterFactory
{
    /// <summary>Makes a new adapter or reads one, and adds it to a model.</summary>
    /// <param name="model">A model without an adapter.</param>
    /// <param name="options">Which.</param>
    /// <param name="backend">Runs the model where an adapter starts from its activations; null leaves such an adapter at zero.</param>
    /// <exception cref="InvalidInputException">An option or the folder cannot be used with this model.</exception>
    public static void Attach(LanguageModel model, AdapterOptions options, IBackend? backend)
    {
        options.ValidateAdapter();
        if (AdapterCatalog.Find(options.Adapter) is { } kind)
        {
            kind.Attach(model, options, backend);
        }
        else
        {
            Attach(model, options.Adapter!);
        }
    }

    /// <summary>Loads a model with an adapter in PEFT's format.</summary>
    /// <param name="model">A folder in the Hugging Face layout, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="adapter">The adapter's folder.</param>
    /// <param name="type">The type to keep the model's weights in, or null for the one they are stored in.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The checkpoint or the adapter cannot be used.</exception>
    public static LanguageModel Load(string model, string adapter, DType? type = null, CancellationToken cancellation = default)
    {
        var loaded = ModelLoader.Load(model, type, cancellation);
        try
        {
            Attach(loaded, adapter);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Reads an adapter in PEFT's format and adds it to a model.</summary>
    /// <exception cref="InvalidInputException">The folder holds no adapter, or none that fits the model.</exception>
    public static void Attach(LanguageModel model, string folder)
    {
        using var saved = PeftFolder.Open(folder);
        saved.Kind.Attach(model, saved);
    }
}
