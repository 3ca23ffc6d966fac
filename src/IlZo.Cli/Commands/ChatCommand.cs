using System.CommandLine;
using System.Globalization;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Inference;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo chat</c>.</summary>
internal static class ChatCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_system = Flags.Text(
        "--system", Flags.AnyText, "What the model is told before all messages (default: nothing).");
    private static readonly Option<string?> s_chatTemplate = Flags.Text(
        "--chat-template", "FILE", "Chat template (default: the one used to train the model or its adapter, or the model's own).");
    private static readonly SamplingFlags s_sampling = new(ChatSession.DefaultNewTokens);
    private static readonly Option<string?> s_adapter = Flags.Adapter();
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<string?> s_device = Flags.Device();
    private static readonly Option<string> s_engine = Flags.Engine();
    private static readonly Option<string> s_precision = Flags.Precision();
    private static readonly Option<int?> s_threads = Flags.Threads();

    public static Command Create()
    {
        var command = new Command(
            "chat",
            "Talk to a model, a run's result or an adapter. A line is a message; only answers are written to standard output. "
                + "/help lists the commands of a conversation.")
        {
            s_model, s_system, s_chatTemplate,
        };
        foreach (var option in s_sampling.All)
        {
            command.Add(option);
        }

        command.Add(s_adapter);
        command.Add(s_dtype);
        command.Add(s_device);
        command.Add(s_engine);
        command.Add(s_precision);
        command.Add(s_threads);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var options = s_sampling.Read(parsed);
        using var interrupts = new AnswerInterrupts();
        using var model = TextModel.Load(parsed.GetValue(s_model)!, new TextModelOptions
        {
            Adapter = parsed.GetValue(s_adapter),
            DType = Flags.ParseDType(parsed.GetValue(s_dtype)),
            ChatTemplate = parsed.GetValue(s_chatTemplate),
            Device = parsed.GetValue(s_device),
            Threads = parsed.GetValue(s_threads),
            Engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!),
            Backends = Device.Open,
        });
        foreach (string warning in model.Model.Warnings)
        {
            Terminal.Say($"{warning}.");
        }

        var sampling = SamplingFlags.Of(options, model.Model);
        using var session = new ChatSession(model, options) { SystemPrompt = parsed.GetValue(s_system) };
        Terminal.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Model.Checkpoint.DisplayName}: {Describe(options, sampling, model)}, answers of up to {session.MaxNewTokens} tokens, "
                + $"conversations of up to {session.Context}"));
        var loop = new ChatLoop(session, interrupts, isInteractive: !Console.IsInputRedirected);
        using var input = new StreamReader(Console.OpenStandardInput());
        loop.Run(input);
        return 0;
    }

    // What decides the tokens, and where that was said.
    private static string Describe(GenerationOptions options, SamplingOptions sampling, TextModel model)
    {
        string penalty = sampling.RepetitionPenalty == 1
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $", repetition penalty {sampling.RepetitionPenalty}");
        string source = sampling == options.Sampling(null) ? string.Empty : " (generation_config.json)";
        return sampling.Temperature == 0
            ? $"the most probable tokens{penalty}{source}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"temperature {sampling.Temperature}, top-k {sampling.TopK}, top-p {sampling.TopP}{penalty}{source}, seed {sampling.Seed}");
    }
}
