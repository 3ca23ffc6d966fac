using System.Net.Sockets;
using IlZo.Cli;
using IlZo.Inference;
using IlZo.Server.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace IlZo.Server;

/// <summary>A web server for models, on the framework's own.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    // Connections beyond one for each request that is written or waits: those that ask how it goes, and those that are refused.
    private const int MoreConnections = 64;

    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;
    private readonly ServedModels _models;

    private ModelServer(WebApplication application, ServedModels models, string address)
    {
        (_application, _models) = (application, models);
        Address = address;
    }

    /// <summary>Where it listens: scheme, address and port.</summary>
    public string Address { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="models">What is served; they stay the caller's.</param>
    /// <param name="options">Where, to whom, and how much.</param>
    /// <exception cref="InvalidInputException">The address or the port cannot be had.</exception>
    public static async Task<ModelServer> StartAsync(ServedModels models, ServeOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBody;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConcurrent + options.MaxQueue + MoreConnections;
            kestrel.Listen(options.Address, options.Port);
        });

        // Signals are the program's.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var application = builder.Build();
        application.Run(new ApiHandler(models, options).HandleAsync);
        try
        {
            await application.StartAsync().ConfigureAwait(false);
            var server = application.Services.GetRequiredService<IServer>();
            return new ModelServer(application, models, server.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        }
        catch (Exception e) when (e is SocketException || (e is IOException && e.InnerException is AddressInUseException))
        {
            await application.DisposeAsync().ConfigureAwait(false);
            string reason = e is SocketException ? e.Message : "it is in use";
            throw new InvalidInputException(
                $"--host is {options.Address} and --port is {options.Port}, which cannot be had ({reason}); an address of this machine and "
                    + "a free port, or 0 for any, were expected.", e);
        }
    }

    /// <summary>Takes no more requests, waits a while for the texts that are written, ends the others and stops to listen.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        using (var end = new CancellationTokenSource(patience))
        {
            await _models.Generator.StopAsync(end.Token).ConfigureAwait(false);
        }

        using var closing = new CancellationTokenSource(s_closing);
        await _application.StopAsync(closing.Token).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
