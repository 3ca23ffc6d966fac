using System.Net;
using IlZo.Backends;
using IlZo.Cli;
using IlZo.Files;
using IlZo.Generation;
using IlZo.Inference;
using Microsoft.AspNetCore.Http;

namespace IlZo.Server.Api;

/// <summary>Answers requests: who may ask, what for, and what is said where something goes wrong.</summary>
/// <param name="models">What is served.</param>
/// <param name="options">To whom.</param>
internal sealed class ApiHandler(ServedModels models, ServeOptions options)
{
    private const string ModelsPath = "/v1/models";
    private const string JsonType = "application/json";

    // Tokens of a continuation where a request does not say, as in the protocol.
    private const int CompletionTokens = 16;

    private static readonly Lock s_messages = new();

    private readonly AccessKey? _key = options.ApiKey is { } key ? new AccessKey(key) : null;
    private readonly long _created = AnswerForm.Now();

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await RefuseAsync(context, e).ConfigureAwait(false);
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? string.Empty;
        if (path == "/health")
        {
            Require(context, HttpMethods.Get);
            return HealthAsync(context);
        }

        Admit(context.Request);
        switch (path)
        {
            case "/v1/chat/completions":
                Require(context, HttpMethods.Post);
                return ChatAsync(context);
            case "/v1/completions":
                Require(context, HttpMethods.Post);
                return CompleteAsync(context);
            case ModelsPath:
                Require(context, HttpMethods.Get);
                return AnswerWriter.WriteAsync(
                    context.Response, StatusCodes.Status200OK, new ModelList("list", [.. models.All.Select(Describe)]),
                    ResponseJson.Default.ModelList, context.RequestAborted);
            case var other when other.StartsWith(ModelsPath + "/", StringComparison.Ordinal):
                Require(context, HttpMethods.Get);
                return DescribeAsync(context, other[(ModelsPath.Length + 1)..]);
            default:
                throw new ApiException(
                    404, "There is nothing at this path; /v1/models, /v1/chat/completions, /v1/completions or /health was expected.",
                    code: "unknown_url");
        }
    }

    private async Task ChatAsync(HttpContext context)
    {
        var request = ChatFields.Read(await FieldsAsync(context).ConfigureAwait(false), models);
        var model = request.Common.Model;
        var template = model.Template ?? throw new ApiException(
            400, $"The model '{model.Name}' has no chat template; /v1/completions, or a model with a template, was expected.", "model",
            "no_chat_template");
        var tokenizer = models.Shared.Tokenizer;
        string text = template.Render(request.Messages, addGenerationPrompt: true, DateTime.Now, context.RequestAborted).Text;
        int[] ids = tokenizer.Begin(tokenizer.EncodeMarkup(text));
        int usual = models.Shared.Model.Generation?.MaxNewTokens ?? ChatSession.DefaultNewTokens;
        await AnswerAsync(context, request.Common, ids, usual, request.Alternatives, texts => new ChatForm(model.Name, texts))
            .ConfigureAwait(false);
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var request = CompletionFields.Read(await FieldsAsync(context).ConfigureAwait(false), models);
        string name = request.Common.Model.Name;
        await AnswerAsync(
            context, request.Common, request.PromptIds, CompletionTokens, request.Alternatives, texts => new TextForm(name, texts))
            .ConfigureAwait(false);
    }

    private async Task AnswerAsync<T>(
        HttpContext context, GenerationFields common, IReadOnlyList<int> ids, int usual, int? alternatives,
        Func<TokenTexts?, IAnswerForm<T>> create)
    {
        var request = new TextRequest(ids)
        {
            Options = common.Options with { MaxNewTokens = common.NewTokens(ids.Count, usual) },
            TopLogProbabilities = alternatives,
            Adapter = common.Model.Adapter,
        };

        // However this is left, nobody waits for the text any more.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        try
        {
            var text = Start(request, left.Token);
            var form = create(alternatives is null ? null : new TokenTexts(models.Shared.Tokenizer, ids));
            await (common.Streams
                ? AnswerWriter.StreamAsync(context.Response, text, form, common.IncludesUsage, left.Token)
                : AnswerWriter.WriteWholeAsync(context.Response, text, form, left.Token)).ConfigureAwait(false);
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
        }
    }

    private StartedText Start(TextRequest request, CancellationToken cancellation)
    {
        try
        {
            return models.Generator.TryStart(request, out var text, cancellation)
                ? text
                : throw new ApiException(
                    429, $"{options.MaxConcurrent} requests are answered and {options.MaxQueue} wait already; fewer were expected.",
                    code: "queue_full");
        }
        catch (ObjectDisposedException)
        {
            throw Ending();
        }
    }

    private async Task DescribeAsync(HttpContext context, string name)
    {
        var model = models.Find(name) ?? throw new ApiException(404, $"The model '{name}' is not served.", "model", "model_not_found");
        await AnswerWriter.WriteAsync(
            context.Response, StatusCodes.Status200OK, Describe(model), ResponseJson.Default.ModelInfo, context.RequestAborted)
            .ConfigureAwait(false);
    }

    private ModelInfo Describe(ServedModel model) => new(model.Name, "model", _created, "ilzo");

    private Task HealthAsync(HttpContext context) => AnswerWriter.WriteAsync(
        context.Response, StatusCodes.Status200OK,
        new HealthResponse("ok", models.Generator.Growing, models.Generator.Waiting), ResponseJson.Default.HealthResponse,
        context.RequestAborted);

    // Without a key, whoever reaches the address may ask; a page in a browser, which does so by a name that it has given the address, may
    // not.
    private void Admit(HttpRequest request)
    {
        if (_key is { } key)
        {
            if (!key.IsIn(request))
            {
                throw new ApiException(
                    401, "The request has no key, or another; 'Authorization: Bearer KEY' with the server's key was expected.",
                    code: "invalid_api_key");
            }
        }
        else if (!(request.Host.Host == "localhost"
            || (IPAddress.TryParse(request.Host.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address))))
        {
            throw new ApiException(403, "The request is for another host; localhost or 127.0.0.1 was expected.", code: "unknown_host");
        }
    }

    private static void Require(HttpContext context, string method)
    {
        if (context.Request.Method != method)
        {
            context.Response.Headers.Allow = method;
            throw new ApiException(
                405, $"{context.Request.Method} is not for this path; {method} was expected.", code: "method_not_allowed");
        }
    }

    private static async Task<RequestFields> FieldsAsync(HttpContext context)
    {
        var request = context.Request;
        string type = request.ContentType?.Split(';')[0].Trim() ?? "absent";
        if (!type.Equals(JsonType, StringComparison.OrdinalIgnoreCase) || request.Headers.ContentEncoding.Count > 0)
        {
            throw new ApiException(
                415, $"The Content-Type is not {JsonType}, or the content is encoded; plain {JsonType} was expected.",
                code: "unsupported_media_type");
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        return RequestFields.Parse(body.ToArray());
    }

    private async Task RefuseAsync(HttpContext context, Exception exception)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var refusal = Refusal(exception);
        if (refusal.Status >= 500 && exception is not OperationCanceledException)
        {
            lock (s_messages)
            {
                Failure.Report(exception);
            }
        }

        var response = context.Response;
        if (response.HasStarted)
        {
            // Without the last event, a stream says itself that something is missing.
            await EventStream.SendAsync(
                response, refusal.ToResponse(), ResponseJson.Default.ErrorResponse, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (refusal.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }

        if (refusal.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        await AnswerWriter.WriteAsync(
            response, refusal.Status, refusal.ToResponse(), ResponseJson.Default.ErrorResponse, context.RequestAborted)
            .ConfigureAwait(false);
    }

    private ApiException Refusal(Exception exception) => exception switch
    {
        ApiException own => own,
        InvalidInputException => new ApiException(400, exception.Message),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new ApiException(
            413, $"The body has more than {options.MaxBody} bytes; that or less was expected.", code: "body_too_large"),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, bad.Message),
        OperationCanceledException => Ending(),
        FileChangedException or DeviceException => new ApiException(500, exception.Message),
        _ => new ApiException(500, "An error of the server itself; its messages say more."),
    };

    private static ApiException Ending() =>
        new(503, "The server is ending; a request to another, or a later one, was expected.", code: "shutting_down");
}
