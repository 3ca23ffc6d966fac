using System.CommandLine;
using IlZo.Cli;
using IlZo.Inference;

namespace IlZo.Server;

/// <summary>Serves models until a signal ends it.</summary>
internal static class Serving
{
    // How long texts in progress have to end.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static int Run(ParseResult parsed)
    {
        using var interruption = Terminal.OnInterrupt();
        return RunAsync(ServeOptions.Read(parsed), interruption.Token).GetAwaiter().GetResult();
    }

    private static async Task<int> RunAsync(ServeOptions options, CancellationToken interruption)
    {
        await using var models = Load(options, interruption);
        await using var server = await ModelServer.StartAsync(models, options).ConfigureAwait(false);
        string names = string.Join(", ", models.All.Select(m => m.Name + (m.Template is null ? " (no chat template)" : string.Empty)));
        Terminal.Say($"serving {names}, texts of up to {models.All[0].Context} tokens; Ctrl-C ends.");
        Terminal.Results.WriteLine($"{server.Address}/v1");
        Terminal.EndResults();
        await Task.Delay(Timeout.Infinite, interruption).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // SIGTERM is how a service is asked to end, which is no failure.
        Terminal.Say($"ending; texts in progress have {s_patience.TotalSeconds:F0} seconds.");
        await server.StopAsync(s_patience).ConfigureAwait(false);
        return Terminal.InterruptCode == Terminal.CtrlCCode ? Terminal.CtrlCCode : 0;
    }

    private static ServedModels Load(ServeOptions options, CancellationToken cancellation)
    {
        var models = ServedModels.Load(
            options.Model,
            options.Name,
            options.Adapters,
            new TextModelOptions
            {
                DType = options.DType,
                ChatTemplate = options.ChatTemplate,
                Device = options.Device,
                Threads = options.Threads,
                Engine = options.Engine,
                Backends = Device.Open,
            },
            options.MaxContext,
            options.MaxConcurrent,
            options.MaxQueue,
            cancellation);
        foreach (string warning in models.Shared.Model.Warnings)
        {
            Terminal.Say($"{warning}.");
        }

        return models;
    }
}
