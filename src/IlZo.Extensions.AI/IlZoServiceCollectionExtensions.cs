using IlZo.Extensions.AI;
using IlZo.Inference;
using Microsoft.Extensions.AI;

// Where the methods are found without a line for them, as is the custom for registrations.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers models for dependency injection.</summary>
public static class IlZoServiceCollectionExtensions
{
    /// <summary>
    /// Registers a model as <see cref="TextModel"/> and as <see cref="IChatClient"/>. It is loaded when it is first asked for.
    /// </summary>
    /// <param name="services">Where it is registered.</param>
    /// <param name="model">A folder in the Hugging Face layout, or the folder of a run.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddIlZo(this IServiceCollection services, string model, TextModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        return services
            .AddSingleton(_ => TextModel.Load(model, options))
            .AddSingleton<IChatClient>(provider => new IlZoChatClient(provider.GetRequiredService<TextModel>()));
    }

    /// <summary>Registers one of several models, under a key.</summary>
    /// <param name="services">Where it is registered.</param>
    /// <param name="serviceKey">The key.</param>
    /// <param name="model">A folder in the Hugging Face layout, or the folder of a run.</param>
    /// <param name="options">What else there is to say of it.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddKeyedIlZo(
        this IServiceCollection services, object? serviceKey, string model, TextModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        return services
            .AddKeyedSingleton(serviceKey, (_, _) => TextModel.Load(model, options))
            .AddKeyedSingleton<IChatClient>(
                serviceKey, (provider, key) => new IlZoChatClient(provider.GetRequiredKeyedService<TextModel>(key)));
    }
}
