using IlZo.Benchmarks;
using IlZo.Models;

namespace IlZo.Gpu.Benchmarks;

/// <summary>
/// A model on a device, to be measured. Random weights of a published shape are made on the device and never exist on the host, unless
/// that is where some of them stay.
/// </summary>
internal sealed class DeviceModel : IDisposable
{
    private readonly SyntheticFolder? _made;

    private DeviceModel(SyntheticFolder? made, LanguageModel model) => (_made, Model) = (made, model);

    public LanguageModel Model { get; }

    /// <param name="backend">The device.</param>
    /// <param name="model">A checkpoint folder or the built-in model, or null for a shape.</param>
    /// <param name="shape">A shape of <see cref="SyntheticCheckpoint"/>, or null for a model.</param>
    /// <exception cref="InvalidInputException">The model cannot be read, or the device has too little memory.</exception>
    public static DeviceModel Load(GpuBackend backend, string? model, string? shape)
    {
        var outline = shape is null ? null : new SyntheticFolder(shape, outline: true);
        LanguageModel? loaded = null;
        try
        {
            loaded = outline is null ? ModelLoader.Load(model!) : ModelCatalog.Inspect(ModelLoader.Open(outline.Path));
            backend.Load(loaded.Parameters);
            if (outline is not null)
            {
                DeviceFill.Randomize(backend, loaded.Parameters, outline.Deviation);
            }

            return new DeviceModel(outline, loaded);
        }
        catch
        {
            loaded?.Dispose();
            outline?.Dispose();
            throw;
        }
    }

    /// <summary>Loads a model of which some layers stay on the host.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="model">A checkpoint folder or the built-in model, or null for a shape.</param>
    /// <param name="shape">A shape, or null for a model.</param>
    /// <param name="weightMemory">Bytes of weights that may stay on the device.</param>
    /// <param name="hasHoles">Whether the files of a shape have holes in the place of matrices.</param>
    /// <inheritdoc cref="Load(GpuBackend, string?, string?)"/>
    public static DeviceModel Load(GpuBackend backend, string? model, string? shape, long weightMemory, bool hasHoles)
    {
        var made = shape is null ? null : new SyntheticFolder(shape, hasHoles);
        LanguageModel? loaded = null;
        try
        {
            loaded = ModelLoader.Load(made?.Path ?? model!);
            loaded.PlanMemory(weightMemory);
            backend.Load(loaded.Parameters);
            return new DeviceModel(made, loaded);
        }
        catch
        {
            loaded?.Dispose();
            made?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        _made?.Dispose();
    }
}
