using System.Text;
using IlZo.Fuzz.Mutation;
using IlZo.Inference;
using IlZo.Models;
using IlZo.Server.Api;

namespace IlZo.Fuzz.Targets;

/// <summary>Requests to the server, up to what is asked of the model.</summary>
internal static class RequestTargets
{
    public static IEnumerable<FuzzTarget> All =>
    [
        new("requests", "bodies of requests for conversations and for texts", Seeds, new JsonMutator(
            "model", "builtin", "messages", "role", "content", "type", "text", "prompt", "stop", "stream", "stream_options",
            "include_usage", "logprobs",
            "top_logprobs", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "seed", "n", "logit_bias",
            "response_format", "tools", "user", "1e999", "-0"), Read) { MaxLength = 1 << 12 },
    ];

    private static IEnumerable<byte[]> Seeds() => new[]
    {
        """{"model": "builtin", "prompt": "A film that", "max_tokens": 5, "temperature": 0.5, "stop": ["a", "b"], "logprobs": 3}""",
        """{"model": "builtin", "prompt": [5, 6, 7], "seed": -1, "top_k": 4, "repetition_penalty": 1.1, "n": 1, "best_of": 1}""",
        """
        {"model": "builtin", "messages": [{"role": "system", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b"}]}],
         "stream": true, "stream_options": {"include_usage": true}, "logprobs": true, "top_logprobs": 2, "top_p": 0.9, "tools": [],
         "response_format": {"type": "text"}, "logit_bias": {}, "max_completion_tokens": 7, "metadata": {"a": 1}}
        """,
    }.Select(Encoding.UTF8.GetBytes);

    private static Action<byte[]> Read()
    {
        var models = ServedModels.Load(ModelLoader.BuiltIn, null, [], new TextModelOptions { Threads = 1 }, null, 1, 1);
        return input =>
        {
            try
            {
                var fields = RequestFields.Parse(input);
                if (fields.Find("messages") is null)
                {
                    var request = CompletionFields.Read(fields, models);
                    request.Common.NewTokens(request.PromptIds.Count, 16);
                }
                else
                {
                    ChatFields.Read(fields, models);
                }
            }
            catch (ApiException e)
            {
                throw new InvalidInputException(e.Message);
            }
        };
    }
}
